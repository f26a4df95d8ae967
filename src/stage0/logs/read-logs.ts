import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { type AppStreams, appStreamsOf, type PodManifest, type RuntimeApp } from '#appc';
import { openPod, type Pod } from '#pod';
import { stage1Layout } from '#stage1/abi';
import { unlessMissing } from '#sys';
import type { LogEntry } from '../engine.ts';
import { Stage0Error } from '../error.ts';
import type { EngineParts } from '../parts.ts';
import type { LogsRequest } from '../requests.ts';
import { LogReader } from './log-reader.ts';
import { mergeEntries } from './merge-entries.ts';

/** Milliseconds after which we look without being told: at the pod's state, and at logs whose directory cannot be watched. */
const LOOK_INTERVAL = 500;

/** `rkt logs`. With `follow` it ends when the pod has ended. */
export async function readLogs(parts: EngineParts, request: LogsRequest, show: (entry: LogEntry) => void): Promise<void> {
  using pod = openPod(parts.dataDir, request.pod);
  const logs = chooseLogs(pod, request.app);
  using stack = new DisposableStack();
  const readers = logs.map(({ app, path }) => stack.use(new LogReader(app, path)));
  const news = (): Generator<LogEntry> => since(request.since, mergeEntries(readers.map((reader) => reader.read())));
  for (const entry of request.tail === undefined ? news() : last(request.tail, news())) show(entry);
  if (request.follow) {
    await untilEnd(pod, logs.map(({ path }) => dirname(path)), () => {
      for (const entry of news()) show(entry);
    });
  }
  for (const reader of readers) for (const entry of since(request.since, reader.rest().values())) show(entry);
}

interface AppLog {
  readonly app: string;
  readonly path: string;
}

/** @throws {Stage0Error} 'no-such-app', 'no-log' */
function chooseLogs(pod: Pod, asked: string | undefined): AppLog[] {
  const manifest = pod.manifest();
  const apps = manifest.apps.filter(({ name }) => asked === undefined || name === asked);
  if (asked !== undefined && apps.length === 0) {
    throw new Stage0Error('no-such-app', `app "${asked}" is not in pod "${pod.uuid}"`, {
      hint: `its apps are: ${manifest.apps.map(({ name }) => name).join(', ')}`,
    });
  }
  const logs = apps.flatMap((app) => logOf(pod, manifest, app) ?? []);
  if (logs.length > 0) return logs;
  throw noLog(pod, manifest, apps);
}

function logOf(pod: Pod, manifest: PodManifest, app: RuntimeApp): AppLog | undefined {
  const streams = appStreamsOf(manifest, app);
  const isLogged = streams.log?.path !== undefined || streams.stdout === 'log' || streams.stderr === 'log';
  return isLogged ? { app: app.name, path: streams.log?.path ?? pod.file(stage1Layout.log(app.name)) } : undefined;
}

const WHERE: Readonly<Record<AppStreams['stdout'], string>> = {
  inherit: 'goes where that of rkt goes: of a service, to its journal',
  interactive: 'goes to the terminal of rkt',
  null: 'is thrown away',
  stream: 'is for those who attach: rkt attach',
  tty: 'is for those who attach: rkt attach',
  journal: 'is in the journal',
  log: '',
};

function noLog(pod: Pod, manifest: PodManifest, [app]: readonly RuntimeApp[]): Stage0Error {
  if (app === undefined) return new Stage0Error('no-log', `pod "${pod.uuid}" has no apps`);
  const { stdout } = appStreamsOf(manifest, app);
  const hint =
    stdout === 'journal'
      ? `see: journalctl RKT_POD=${pod.uuid} RKT_APP=${app.name}`
      : 'to have a log, start the app with --stdout=log --stderr=log';
  return new Stage0Error('no-log', `app "${app.name}" of pod "${pod.uuid}" has no log: its output ${WHERE[stdout]}`, { hint });
}

/** Times of one form compare as texts. */
function* since(time: string | undefined, entries: Iterable<LogEntry>): Generator<LogEntry> {
  for (const entry of entries) if (time === undefined || entry.time >= time) yield entry;
}

function last(count: number, entries: Iterable<LogEntry>): LogEntry[] {
  const kept: LogEntry[] = [];
  for (const entry of entries) {
    kept.push(entry);
    if (kept.length > 2 * count + 1000) kept.splice(0, kept.length - count);
  }
  return count === 0 ? [] : kept.slice(-count);
}

/** Calls `look` whenever something may have been written, and once more after the pod has ended. */
async function untilEnd(pod: Pod, directories: readonly string[], look: () => void): Promise<void> {
  const news = { came: false, wake: (): void => {} };
  const tell = (): void => {
    news.came = true;
    news.wake();
  };
  using stack = new DisposableStack();
  for (const directory of new Set(directories)) {
    const watcher = unlessMissing(() => watch(directory, tell));
    if (watcher !== undefined) stack.adopt(watcher, (each) => each.close()).on('error', () => {});
  }
  for (let runs = true; runs; ) {
    news.came = false;
    pod.refresh();
    runs = pod.state === 'running' || pod.state === 'prepared' || pod.state === 'preparing';
    look();
    if (runs && !news.came) await wakeOrTimeout(news);
  }
}

function wakeOrTimeout(news: { wake: () => void }): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LOOK_INTERVAL);
    news.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
