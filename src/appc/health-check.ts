import { quoted } from '#errors';
import { parseDurationMs } from './duration.ts';
import { AppcError } from './error.ts';
import type { Annotation, RuntimeApp } from './types.ts';

/** How it is found out whether an app is well, and what is done if it is not. */
export interface HealthCheck {
  readonly probe: HealthProbe;
  /** Between the end of a probe and the next one. */
  readonly intervalMs: number;
  /** A probe that takes longer has failed. */
  readonly timeoutMs: number;
  /** So many failures in a row make an app unhealthy. */
  readonly retries: number;
  /** Failures in the first time of an app do not count. */
  readonly startPeriodMs: number;
  readonly onFailure: 'none' | 'kill' | 'restart' | 'stop';
}

export type HealthProbe =
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  | { readonly kind: 'http'; readonly port: number; readonly path: string }
  | { readonly kind: 'tcp'; readonly port: number };

const PROBE_WORDS = ['cmd', 'http', 'tcp'] as const;
const WORDS = [...PROBE_WORDS, 'interval', 'timeout', 'retries', 'start-period', 'on-failure'] as const;

/** As the flags `--health-WORD` and the annotations `coreos.com/rkt/health-WORD` have them. */
export type HealthWords = Readonly<Partial<Record<(typeof WORDS)[number], string>>>;

const PREFIX = 'coreos.com/rkt/health-';

/** What an app's or an image's annotations say. */
export function healthWordsOf({ annotations = [] }: { readonly annotations?: readonly Annotation[] }): HealthWords {
  return collectHealthWords((word) => annotations.find(({ name }) => name === PREFIX + word)?.value);
}

/** Those that `find` has a text for. */
export function collectHealthWords(find: (word: keyof HealthWords) => string | undefined): HealthWords {
  return Object.fromEntries(WORDS.flatMap((word) => {
    const text = find(word);
    return text === undefined ? [] : [[word, text]];
  }));
}

/** As {@link healthWordsOf} reads them back. */
export function healthAnnotations(words: HealthWords): Annotation[] {
  return Object.entries(words).map(([word, value]) => ({ name: PREFIX + word, value }));
}

/** What is said of an app goes before what its image says; another probe, or none, before the image's probe. */
export function mergeHealthWords(image: HealthWords, own: HealthWords): HealthWords {
  if (own.cmd === 'none') return own;
  const probed = PROBE_WORDS.some((word) => own[word] !== undefined);
  const { cmd: _, http: __, tcp: ___, ...rest } = image;
  return { ...(probed ? rest : image), ...own };
}

/** Undefined: the app is not probed. Throws `bad-health`. */
export function healthCheckOf(app: RuntimeApp): HealthCheck | undefined {
  try {
    return readHealthCheck(healthWordsOf(app));
  } catch (cause) {
    if (!(cause instanceof AppcError)) throw cause;
    throw new AppcError('bad-health', `app "${app.name}": ${cause.message}`, { cause, hint: 'without probes: --no-healthcheck' });
  }
}

/** Undefined: nothing is to be probed. Throws `bad-health`. */
export function readHealthCheck(words: HealthWords): HealthCheck | undefined {
  if (Object.keys(words).length === 0) return undefined;
  const probe = readProbe(words);
  const check = {
    intervalMs: duration(words, 'interval', '30s', 1),
    timeoutMs: duration(words, 'timeout', '30s', 1),
    retries: retries(words.retries ?? '3'),
    startPeriodMs: duration(words, 'start-period', '0s', 0),
    onFailure: onFailure(words['on-failure'] ?? 'none'),
  };
  if (probe !== undefined) return { probe, ...check };
  const idle = words.cmd === 'none' ? undefined : Object.keys(words)[0];
  if (idle !== undefined) throw bad(`--health-${idle} without a probe: say --health-cmd, --health-http or --health-tcp as well`);
  return undefined;
}

function readProbe({ cmd, http, tcp }: HealthWords): HealthProbe | undefined {
  if ([cmd, http, tcp].filter((text) => text !== undefined).length > 1) {
    throw bad('only one of --health-cmd, --health-http and --health-tcp can be had');
  }
  if (http !== undefined) return httpProbe(http);
  if (tcp !== undefined) return { kind: 'tcp', port: port(tcp) };
  if (cmd === undefined || cmd === 'none') return undefined;
  const command = commandOf(cmd);
  if (command === undefined) return undefined;
  if (command.length === 0 || command[0] === '' || command.some((word) => word.includes('\0'))) throw bad(`${quoted(cmd)} is no command to probe an app with`);
  return { kind: 'exec', command };
}

/** A line for the shell, or a list of words in JSON; those of Docker begin with `CMD`, `CMD-SHELL` or `NONE`. */
function commandOf(text: string): readonly string[] | undefined {
  const words = jsonWords(text);
  if (words === undefined) return shell(text);
  const [first, ...rest] = words;
  if (first === 'NONE') return undefined;
  if (first === 'CMD-SHELL') return rest.length === 1 ? shell(rest[0]!) : [];
  return first === 'CMD' ? rest : words;
}

function shell(line: string): string[] {
  return line.trim() === '' ? [] : ['/bin/sh', '-c', line];
}

function jsonWords(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

function httpProbe(text: string): HealthProbe {
  const slash = text.indexOf('/');
  const path = slash < 0 ? '/' : text.slice(slash);
  if (!/^[!-~]{1,1024}$/.test(path)) throw bad(`${quoted(path)} is not a path that a probe can ask for`);
  return { kind: 'http', port: port(slash < 0 ? text : text.slice(0, slash)), path };
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= 65_535) return number;
  throw bad(`${quoted(text)} is not a port to probe, 1 to 65535`);
}

const MAXIMUM_MS = 2 ** 31 - 1;

function duration(words: HealthWords, word: 'interval' | 'timeout' | 'start-period', usual: string, minimumMs: number): number {
  const text = words[word] ?? usual;
  const milliseconds = Math.round(parseDurationMs(text) ?? Number.NaN);
  if (milliseconds >= minimumMs && milliseconds <= MAXIMUM_MS) return milliseconds;
  throw bad(`${quoted(text)} is no time for a health ${word}, such as 30s`);
}

function retries(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw bad(`${quoted(text)} is not a number of retries of a probe, which is at least 1`);
}

function onFailure(text: string): HealthCheck['onFailure'] {
  if (text === 'none' || text === 'kill' || text === 'restart' || text === 'stop') return text;
  throw bad(`${quoted(text)} is nothing to do with an unhealthy app: say none, kill, restart or stop`);
}

function bad(message: string): AppcError {
  return new AppcError('bad-health', message);
}
