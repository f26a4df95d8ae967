import type { Command } from '../command.ts';
import { type Format, podListText } from '../output/pod-list.ts';

/** `rkt list` */
export const execute: Command = async ({ engine, line: { flags }, now }) => {
  const { pods, problems } = await (await engine()).list();
  const stdout = podListText(pods, {
    format: flags.text('format') as Format,
    full: flags.bool('full'),
    legend: !flags.bool('no-legend'),
    now: now(),
  });
  return { stdout, ...(problems.length === 0 ? {} : { stderr: problemsText(problems) }), exitCode: 0 };
};

function problemsText(problems: readonly string[]): string {
  const line = '-'.repeat(40);
  const lines = [`${problems.length} error(s) encountered when listing pods:`, ...problems.flatMap((text) => [line, text]), line];
  return lines.map((text) => `list: ${text}\n`).join('');
}
