import { badRequest } from '../cli-error.ts';
import { type Command, showUsage } from '../command.ts';
import type { Format } from '../output/pod-list.ts';
import { nextView, type TopView, topLines } from '../output/top.ts';
import type { PodUsage } from '../output/usage.ts';
import type { Screen } from '../screen.ts';
import { UsageSamples } from '../usage-samples.ts';
import { watch } from './stats.ts';

/** `rkt top [UUID…]` */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const interval = flags.durationMs('interval');
  if (interval <= 0) return await showUsage(context);
  const samples = new UsageSamples(await context.engine());
  const first = await samples.begin(args);
  const format = flags.text('format') as Format;
  if (format !== '') return await watch(context, samples, { format, full: true, legend: false }, interval);
  const screen = await context.openScreen();
  if (screen === undefined) {
    throw badRequest('standard input and output must be a terminal; for a file or a pipe there is "rkt stats --watch"');
  }
  try {
    await show(screen, { samples, first, interval }, { sort: flags.text('sort') as TopView['sort'], reversed: false });
  } finally {
    screen.close();
  }
  return { exitCode: 0 };
};

interface Measuring {
  readonly samples: UsageSamples;
  readonly first: readonly PodUsage[];
  /** Milliseconds. */
  readonly interval: number;
}

/** Until a key ends it. A key is answered at once, with what was measured last. */
async function show(screen: Screen, { samples, first, interval }: Measuring, beginning: TopView): Promise<void> {
  let view: TopView | undefined = beginning;
  let usage = first;
  let due = Date.now() + interval;
  while (view !== undefined) {
    screen.show(topLines(usage, view, screen.size));
    view = nextView(view, await screen.nextKey(Math.max(0, due - Date.now())));
    if (Date.now() < due) continue;
    usage = await samples.next();
    due = Date.now() + interval;
  }
}
