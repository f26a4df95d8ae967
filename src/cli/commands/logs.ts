import type { LogEntry } from '#stage0';
import { badRequest } from '../cli-error.ts';
import { type Command, type CommandContext, showUsage } from '../command.ts';
import { appFlag } from '../requests/app-of-pod.ts';
import { withPod } from '../requests/pod-argument.ts';
import { parseSince } from '../requests/since.ts';

/** Bytes that are printed at once. */
const BATCH = 65_536;

/** `rkt logs UUID` */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const [pod, more] = args;
  if (pod === undefined || more !== undefined) return await showUsage(context);
  const app = appFlag(flags);
  const since = flags.optional('since');
  const printer = new LinePrinter(context, { timestamps: flags.bool('timestamps'), names: app === undefined });
  const request = {
    pod,
    app,
    since: since === undefined ? undefined : parseSince(since, context.now()),
    tail: parseTail(flags.text('tail')),
    follow: flags.bool('follow'),
  };
  const engine = await context.engine();
  const { apps } = await withPod('problem retrieving pod', () => engine.podManifest(pod));
  printer.names &&= apps.length > 1;
  await engine.logs(request, (entry) => printer.print(entry));
  printer.flush();
  return { exitCode: 0 };
};

function parseTail(text: string): number | undefined {
  if (text === 'all') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw badRequest(`--tail takes a number of lines, or all, not ${JSON.stringify(text)}`);
}

const LF = Buffer.from('\n');

/** Prints lines to the stream they came from, those that come at once together. */
class LinePrinter {
  readonly #context: CommandContext;
  readonly #timestamps: boolean;
  #stream: LogEntry['stream'] = 'stdout';
  #parts: Buffer[] = [];
  #length = 0;
  names: boolean;

  constructor(context: CommandContext, options: { readonly timestamps: boolean; readonly names: boolean }) {
    this.#context = context;
    this.#timestamps = options.timestamps;
    this.names = options.names;
  }

  print({ app, stream, text, time }: LogEntry): void {
    if (stream !== this.#stream || this.#length > BATCH) this.flush();
    if (this.#length === 0) queueMicrotask(() => this.flush());
    this.#stream = stream;
    const head = Buffer.from(`${this.#timestamps ? `${time} ` : ''}${this.names ? `${app}: ` : ''}`);
    this.#parts.push(head, text, LF);
    this.#length += head.length + text.length + 1;
  }

  flush(): void {
    if (this.#length === 0) return;
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#context.print(this.#stream, bytes);
  }
}
