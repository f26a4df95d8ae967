import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type AppStreams, appStreamsOf, isAttachable, type PodManifest, type RuntimeApp } from '#appc';
import { stage1Layout } from '#stage1/abi';
import { isTerminal } from '#sys';
import { OciStage1Error } from './errors.ts';

const JOURNAL = '/run/systemd/journal/socket';

/** What of a pod decides about the streams of its apps. */
export interface StreamsOfPod {
  readonly manifest: PodManifest;
  /** The caller's standard streams are the app's, with the caller's terminal where it has one. */
  readonly interactive: boolean;
  /** Others may join what is the only app now. */
  readonly mutable: boolean;
  /** SELinux need not let the apps use what the caller may: a file that the output goes to, say. */
  readonly confined: boolean;
}

export interface PlannedStreams {
  /** What the supervisor is told. */
  readonly words: readonly string[];
  /** Whose terminal the app has. */
  readonly terminal: 'none' | 'callers' | 'own';
}

export function planStreams(pod: StreamsOfPod, app: RuntimeApp): PlannedStreams {
  const streams = appStreamsOf(pod.manifest, app);
  const interactive = [streams.stdin, streams.stdout, streams.stderr].every((mode) => mode === 'interactive');
  if (pod.interactive || (interactive && !pod.mutable)) {
    if (isTerminal(0)) return { words: ['--tty'], terminal: 'callers' };
    return { words: ['--stdin=inherit', ...outputWords(callersOutput(1, pod), callersOutput(2, pod))], terminal: 'none' };
  }
  return plan(streams, app.name, pod);
}

function callersOutput(fd: 1 | 2, { confined }: StreamsOfPod): 'copy' | 'inherit' {
  return confined && !isTerminal(fd) ? 'copy' : 'inherit';
}

function outputWords(stdout: string, stderr: string): string[] {
  return [...(stdout === 'inherit' ? [] : [`--stdout=${stdout}`]), ...(stderr === 'inherit' ? [] : [`--stderr=${stderr}`])];
}

function plan(streams: AppStreams, name: string, pod: StreamsOfPod): PlannedStreams {
  const several = pod.mutable || pod.manifest.apps.length > 1;
  const input = { null: 'null', interactive: 'inherit', stream: 'stream', tty: 'stream' }[streams.stdin];
  const attached = streams.log?.path === undefined ? 'stream' : 'log,stream';
  const leads = (mode: AppStreams['stdout'], fd: 1 | 2): string => {
    const callers = callersOutput(fd, pod);
    return { inherit: several ? 'lines' : callers, interactive: callers, tty: attached, stream: attached, log: 'log', journal: 'journal', null: 'null' }[mode];
  };
  const [stdout, stderr] = [leads(streams.stdout, 1), leads(streams.stderr, 2)];
  const own = streams.stdout === 'tty';
  return {
    terminal: own ? 'own' : 'none',
    words: [
      ...(own ? ['--tty'] : []),
      `--stdin=${input}`,
      ...outputWords(stdout, stderr),
      ...(`${stdout},${stderr}`.includes('log') ? logWords(streams, name) : []),
      ...(stdout === 'journal' || stderr === 'journal' ? [`--journal=${JOURNAL}`] : []),
      ...(isAttachable(streams) ? [`--attach=${stage1Layout.attach(name)}`] : []),
    ],
  };
}

function logWords({ log }: AppStreams, name: string): string[] {
  return [`--log=${log?.path ?? stage1Layout.log(name)}`, `--log-size=${log?.size ?? 0}`, `--log-files=${log?.files ?? 1}`];
}

/**
 * Makes the directories that the streams of an app need.
 *
 * @throws {OciStage1Error} 'no-journal'
 */
export function prepareStreams(podDir: string, manifest: PodManifest, app: RuntimeApp): void {
  const streams = appStreamsOf(manifest, app);
  if (streams.stdout === 'journal' || streams.stderr === 'journal') requireJournal(app.name);
  if (streams.log?.path !== undefined) mkdirSync(dirname(streams.log.path), { recursive: true, mode: 0o750 });
  else if (streams.log !== undefined) mkdirSync(`${podDir}/${stage1Layout.logDirectory}`, { recursive: true, mode: 0o700 });
  if (!isAttachable(streams)) return;
  mkdirSync(`${podDir}/${stage1Layout.attach(app.name)}`, { recursive: true, mode: 0o700 });
  writeFileSync(`${podDir}/${stage1Layout.endpoints(app.name)}`, `${JSON.stringify(endpoints(streams, app.name))}\n`);
}

function requireJournal(app: string): void {
  if (existsSync(JOURNAL)) return;
  throw new OciStage1Error('no-journal', `the output of app "${app}" cannot go to a journal: there is no ${JOURNAL}`);
}

/** As rkt's `iottymux` wrote it. */
function endpoints(streams: AppStreams, app: string): object {
  const names = streams.stdout === 'tty' ? ['tty'] : (['stdin', 'stdout', 'stderr'] as const).filter((name) => streams[name] === 'stream');
  return { version: 1, targets: names.map((name) => ({ name, domain: 'unix', address: `/rkt/iottymux/${app}/sock-${name}` })) };
}
