import type { Readable, Writable } from 'node:stream';
import { startProgram } from '#sys';
import { parseReport, UNPACK_COMMAND, type UnpackReport, type UnpackRequest } from './protocol.ts';

/** An unpacking process at work. */
export interface Unpacker {
  /** Where its archive goes; undefined where it reads a file. */
  readonly input: Writable | undefined;
  /** Settles when the process has ended; never rejects. */
  readonly report: Promise<UnpackReport>;
  kill(): void;
}

export interface UnpackerStart {
  /** The program and the arguments that come before the hidden one. */
  readonly self: { readonly path: string; readonly args: readonly string[] };
  readonly request: UnpackRequest;
  /** The lock of the temporary directory, to be held by the process too. */
  readonly lockFd: number;
  /** A descriptor to read the archive from; a pipe is made where it is absent. */
  readonly inputFd?: number;
}

const STDERR_KEPT = 4096;

/** Starts the program anew to unpack. The archive may be hostile, so it gets neither our environment nor our files. */
export function startUnpacker(start: UnpackerStart): Unpacker {
  const { self, request, lockFd, inputFd } = start;
  const child = startProgram(self.path, [...self.args, UNPACK_COMMAND, JSON.stringify(request)], {
    stdio: [inputFd ?? 'pipe', 'ignore', 'pipe', 'pipe', lockFd],
    env: { PATH: process.env['PATH'] },
  });
  const report = gather(child.stdio[3] as Readable);
  const stderr = gather(child.stderr!, STDERR_KEPT);
  // A child that ends early is reported by its report or status, not by EPIPE.
  child.stdin?.on('error', () => {});
  return {
    input: child.stdin ?? undefined,
    report: new Promise((resolve) => {
      child.once('error', (error) => resolve(failed(`it could not be started: ${error.message}`)));
      child.once('close', async (code, signal) => {
        const how = signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`;
        resolve(parseReport(await report) ?? failed([how, (await stderr).trim()].filter(Boolean).join(': ')));
      });
    }),
    kill: () => child.kill('SIGKILL'),
  };
}

function failed(why: string): UnpackReport {
  return { ok: false, code: 'unpack-failed', message: `the unpacker failed: ${why}` };
}

async function gather(stream: Readable, most = Number.POSITIVE_INFINITY): Promise<string> {
  let text = '';
  try {
    for await (const piece of stream.setEncoding('utf8')) if (text.length < most) text += piece;
  } catch {
    // What has come is all there is.
  }
  return text;
}
