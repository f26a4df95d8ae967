import { quoted } from '#errors';
import { AppcError } from './error.ts';
import { parseQuantity } from './quantity.ts';
import type { Annotation, PodManifest, RuntimeApp } from './types.ts';

/** What becomes of the standard streams of an app, as annotations of a pod manifest say it. */

/** `interactive`: the caller's own, with its terminal where it has one. */
export type InputMode = 'null' | 'interactive' | 'stream' | 'tty';
/** `inherit`: the caller's, in a pod of several apps with the app's name before each line. */
export type OutputMode = 'inherit' | 'interactive' | 'log' | 'journal' | 'null' | 'stream' | 'tty';

export const STREAM_ANNOTATIONS = {
  stdin: 'coreos.com/rkt/stage2/stdin',
  stdout: 'coreos.com/rkt/stage2/stdout',
  stderr: 'coreos.com/rkt/stage2/stderr',
} as const;

export const LOG_ANNOTATIONS = { size: 'coreos.com/rkt/stage2/log-size', files: 'coreos.com/rkt/stage2/log-files' } as const;

/** Of the pod, of the pod, and of the app: where Kubernetes wants the log. */
const KUBERNETES = {
  mode: 'coreos.com/rkt/experiment/logmode',
  directory: 'coreos.com/rkt/experiment/kubernetes-log-dir',
  path: 'coreos.com/rkt/experiment/kubernetes-log-path',
} as const;

const INPUT_MODES: readonly string[] = ['null', 'interactive', 'stream', 'tty'];
const OUTPUT_MODES: readonly string[] = ['inherit', 'interactive', 'log', 'journal', 'null', 'stream', 'tty'];
const DEFAULT_LOG = { size: 10 << 20, files: 5 } as const;
/** Two of the longest records. */
const SMALLEST_LOG = 32 << 10;
const MOST_LOG_FILES = 1000;

export interface LogFile {
  /** Absolute, or undefined: in the pod's directory, by the name of the app. */
  readonly path?: string;
  /** Bytes; 0: somebody else rotates it. */
  readonly size: number;
  /** With the older ones. */
  readonly files: number;
}

export interface AppStreams {
  readonly stdin: InputMode;
  readonly stdout: OutputMode;
  readonly stderr: OutputMode;
  /** Where what is logged goes; also of streams that one can attach to. */
  readonly log?: LogFile;
}

type AnnotatedPod = Pick<PodManifest, 'annotations'>;

/** @throws {AppcError} `bad-streams` */
export function appStreamsOf(pod: AnnotatedPod, app: RuntimeApp): AppStreams {
  const given = {
    stdin: mode<InputMode>(app, 'stdin', INPUT_MODES),
    stdout: mode<OutputMode>(app, 'stdout', OUTPUT_MODES),
    stderr: mode<OutputMode>(app, 'stderr', OUTPUT_MODES),
  };
  const modes = Object.values(given).includes('tty') ? onTerminal(app, given) : given;
  const log = kubernetesLog(pod, app, modes) ?? ownLog(app, modes);
  const unsaid = log?.path === undefined ? 'inherit' : 'log';
  return { stdin: modes.stdin ?? 'null', stdout: modes.stdout ?? unsaid, stderr: modes.stderr ?? unsaid, ...(log && { log }) };
}

interface Modes {
  readonly stdin: InputMode | undefined;
  readonly stdout: OutputMode | undefined;
  readonly stderr: OutputMode | undefined;
}

function annotation(of: { readonly annotations?: readonly Annotation[] | null | undefined }, name: string): string | undefined {
  return of.annotations?.find((each) => each.name === name)?.value;
}

function bad(app: RuntimeApp, what: string): AppcError {
  return new AppcError('bad-streams', `app "${app.name}": ${what}`);
}

function mode<T extends string>(app: RuntimeApp, stream: keyof typeof STREAM_ANNOTATIONS, modes: readonly string[]): T | undefined {
  const text = annotation(app, STREAM_ANNOTATIONS[stream]);
  if (text === undefined || modes.includes(text)) return text as T | undefined;
  throw bad(app, `invalid ${stream} mode ${quoted(text)}`);
}

/** A terminal is one thing: the streams that nothing was said of are on it as well. */
function onTerminal(app: RuntimeApp, { stdin = 'tty', stdout = 'tty', stderr = 'tty' }: Modes): Modes {
  if (stdout === 'tty' && stderr === 'tty' && (stdin === 'tty' || stdin === 'null')) return { stdin, stdout, stderr };
  throw bad(app, 'with tty for one of stdin, stdout and stderr, the others cannot be something else');
}

function isLogged({ stdout, stderr }: Modes): boolean {
  return stdout === 'log' || stderr === 'log';
}

function ownLog(app: RuntimeApp, modes: Modes): LogFile | undefined {
  const size = annotation(app, LOG_ANNOTATIONS.size);
  const files = annotation(app, LOG_ANNOTATIONS.files);
  const log = { size: size === undefined ? DEFAULT_LOG.size : logSize(size), files: files === undefined ? DEFAULT_LOG.files : logFiles(files) };
  return isLogged(modes) ? log : undefined;
}

/** As rkt had it, every app of such a pod that has a stream or a log must say where it goes. */
function kubernetesLog(pod: AnnotatedPod, app: RuntimeApp, modes: Modes): LogFile | undefined {
  if (annotation(pod, KUBERNETES.mode) !== 'k8s-plain') return undefined;
  const directory = annotation(pod, KUBERNETES.directory);
  const path = annotation(app, KUBERNETES.path);
  const goes = isLogged(modes) || [modes.stdout, modes.stderr].some((each) => each === 'stream' || each === 'tty');
  if (path === undefined && !goes) return undefined;
  if (path === undefined) throw bad(app, 'kubernetes-log-path annotation needs to be specified when k8s-plain logging mode is used');
  if (directory === undefined || !directory.startsWith('/')) throw bad(app, 'kubernetes-log-dir annotation must be an absolute path');
  if (!isInside(path)) throw bad(app, `log path ${quoted(path)} is not inside ${quoted(directory)}`);
  return { path: `${directory.replace(/\/+$/, '')}/${path}`, size: 0, files: 1 };
}

function isInside(path: string): boolean {
  const parts = path.split('/');
  return !path.includes('\0') && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Bytes. @throws {AppcError} */
export function logSize(text: string): number {
  const size = parseQuantity(text);
  if (size >= SMALLEST_LOG) return size;
  throw new AppcError('bad-streams', `a log of ${quoted(text)} is too small: 32Ki is the least`);
}

/** @throws {AppcError} `bad-streams` */
export function logFiles(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= MOST_LOG_FILES) return Number(text);
  throw new AppcError('bad-streams', `${quoted(text)} is no number of log files: 1 to ${MOST_LOG_FILES}`);
}

/** Whether an app has something to attach to. */
export function isAttachable({ stdin, stdout, stderr }: Pick<AppStreams, 'stdin' | 'stdout' | 'stderr'>): boolean {
  return [stdin, stdout, stderr].some((each) => each === 'stream' || each === 'tty');
}
