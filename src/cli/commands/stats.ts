import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, type CommandContext, type Outcome, showUsage } from '../command.ts';
import type { Format } from '../output/pod-list.ts';
import { usageText } from '../output/usage.ts';
import { UsageSamples } from '../usage-samples.ts';

/** `rkt stats [UUID…]` */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const interval = flags.durationMs('interval');
  if (interval < 0 || (interval === 0 && flags.bool('watch'))) return await showUsage(context);
  const options = { format: flags.text('format') as Format, full: flags.bool('full'), legend: !flags.bool('no-legend') };
  const samples = new UsageSamples(await context.engine());
  const first = await samples.begin(args);
  if (interval === 0) return { stdout: usageText(first, options), exitCode: 0 };
  if (flags.bool('watch')) return await watch(context, samples, options, interval);
  await sleep(interval);
  return { stdout: usageText(await samples.next(), options), exitCode: 0 };
};

/** Prints a measurement each interval until the pods that were given have ended: for ever, where none was. */
export async function watch(
  { say }: CommandContext,
  samples: UsageSamples,
  options: Parameters<typeof usageText>[1],
  interval: number,
): Promise<Outcome> {
  for (;;) {
    await sleep(interval);
    const usage = await samples.next();
    if (samples.isOver) return { exitCode: 0 };
    say({ stream: 'stdout', text: usageText(usage, options) });
  }
}
