import type { Readable } from 'node:stream';
import { messageOf } from '#errors';
import { type Confinement, confinedArguments, isInUserNamespace, startProgram } from '#sys';
import { planConfinement, planUnpackerConfinement, type Self } from '../confinement.ts';
import { StoreError } from '../store-error.ts';
import { setPrivilegedXattrs } from './privileged-xattrs.ts';
import { type ChildRequest, parseReport, UNPACK_COMMAND, type UnpackReport } from './protocol.ts';

/** An unpacking process at work. */
export interface Unpacker {
  /** Settles when the process has ended; never rejects. */
  readonly report: Promise<UnpackReport>;
  kill(): void;
}

export interface UnpackerStart {
  readonly self: Self;
  readonly request: ChildRequest;
  /** The lock of the temporary directory, to be held by the process too. */
  readonly lockFd: number;
  /** The archive, a file. */
  readonly inputFd: number;
  /** The pipe that says when it has grown; absent: it is whole. */
  readonly growsFd?: number;
  /** Where an inspected ACI is copied to. */
  readonly copyFd?: number;
}

const STDERR_KEPT = 4096;
const REPORT_LIMIT = 256 << 20;
/** What an inspecting child starts where it is not Node that decompresses. */
const DECOMPRESSORS = ['/usr/bin/xz', '/usr/bin/bzip2', '/bin/xz', '/bin/bzip2'];

/**
 * Starts the program anew to unpack. The archive may be hostile, so it gets neither our environment nor our files,
 * and no more privilege than unpacking takes.
 */
export function startUnpacker(start: UnpackerStart): Unpacker {
  const { self, request, lockFd, inputFd, growsFd, copyFd } = start;
  const child = startProgram(self.confine, planArguments(self, request), {
    stdio: [inputFd, 'ignore', 'pipe', 'pipe', lockFd, growsFd ?? copyFd ?? 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
  });
  const report = gather(child.stdio[3] as Readable, REPORT_LIMIT, '\n');
  // It has nothing left to do: the end of Node takes its time, and now and then waits for a thread of V8 for ever.
  void report.then((text) => text.endsWith('\n') && child.kill('SIGKILL'));
  const stderr = gather(child.stderr!, STDERR_KEPT);
  return {
    report: new Promise((resolve) => {
      child.once('error', (error) => resolve(failed(`it could not be started: ${error.message}`)));
      child.once('close', async (code, signal) => {
        const how = signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`;
        resolve(complete(request, parseReport(await report)) ?? failed([how, (await stderr).trim()].filter(Boolean).join(': ')));
      });
    }),
    kill: () => child.kill('SIGKILL'),
  };
}

function planArguments(self: Self, request: ChildRequest): string[] {
  const unpacks = request.kind === 'layer' || request.kind === 'aci';
  const asked: ChildRequest = unpacks && isInUserNamespace() ? { ...request, withoutDevices: true } : request;
  return confinedArguments(planChildConfinement(self, request), self.path, [...self.args, UNPACK_COMMAND, JSON.stringify(asked)]);
}

function planChildConfinement(self: Self, request: ChildRequest): Confinement {
  const { unpackedBytes } = request.limits;
  switch (request.kind) {
    case 'inspect':
      return planConfinement(self, { fork: true, readOnly: DECOMPRESSORS, fileLimit: unpackedBytes });
    case 'check':
      return planConfinement(self, {});
    default:
      return planUnpackerConfinement(self, request.root, unpackedBytes);
  }
}

/** Does for the child what it may not do itself, once it has ended. */
function complete(request: ChildRequest, report: UnpackReport | undefined): UnpackReport | undefined {
  if (report?.ok !== true || !('root' in request)) return report;
  try {
    setPrivilegedXattrs(request.root, report.privileged);
    return report;
  } catch (error) {
    return { ok: false, code: error instanceof StoreError ? error.code : 'unpack-failed', message: messageOf(error) };
  }
}

function failed(why: string): UnpackReport {
  return { ok: false, code: 'unpack-failed', message: `the unpacker failed: ${why}` };
}

/** What a stream brings, to its end or to a piece that ends so. */
async function gather(stream: Readable, most: number, end?: string): Promise<string> {
  let text = '';
  try {
    for await (const piece of stream.setEncoding('utf8')) {
      if (text.length < most) text += piece;
      if (end !== undefined && (piece as string).endsWith(end)) break;
    }
  } catch {
    // What has come is all there is.
  }
  return text;
}
