import { closeSync, openSync } from 'node:fs';
import { Session } from 'node:inspector';
import { modeForCaller, writeWhole } from '#sys';
import { CliError } from './cli-error.ts';

/** Files to write, where they were asked for. */
export interface ProfileFiles {
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
}

/**
 * Profiles this process until it exits or becomes another: where time goes, and who allocates what.
 *
 * The files are V8's `.cpuprofile` and `.heapprofile`, JSON, which Chrome's developer tools and speedscope show.
 *
 * @throws {CliError} `failed` where a file cannot be written
 */
export function startProfiles({ cpu, memory }: ProfileFiles): void {
  const profiles = [
    ...(cpu === undefined ? [] : [{ fd: openFile(cpu), domain: 'Profiler', start: 'start', stop: 'stop' }]),
    ...(memory === undefined ? [] : [{ fd: openFile(memory), domain: 'HeapProfiler', start: 'startSampling', stop: 'stopSampling' }]),
  ];
  const session = new Session();
  session.connect();
  for (const { domain, start } of profiles) for (const method of ['enable', start]) session.post(`${domain}.${method}`);
  const finish = (): void => {
    for (const { fd, domain, stop } of profiles.splice(0)) {
      // Of its own thread V8 answers before it returns.
      session.post(`${domain}.${stop}`, (_, answer) => writeWhole(fd, Buffer.from(JSON.stringify((answer as { profile: unknown }).profile))));
      closeSync(fd);
    }
  };
  process.once('exit', finish);
  const execve = process.execve!;
  process.execve = (...args): never => {
    finish();
    return execve(...args);
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'w', modeForCaller(0o666));
  } catch (cause) {
    throw new CliError('failed', 'cannot write the profile', { cause });
  }
}
