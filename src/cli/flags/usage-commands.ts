import { formatFlag } from './pod.ts';
import { bool, type CommandSpec, duration, value } from './spec.ts';

/** What `rkt top` can be sorted by. */
export const usageSortFields = ['cpu', 'memory', 'io', 'pids', 'name'] as const;

const meaning = `100% of CPU is one processor. MEMORY is what could not be given up at once, LIMIT the
lowest limit of app and pod. READ and WRITTEN are bytes from and to disks, PIDS
counts processes and threads. What the kernel does not count is a dash.`;

const stats: CommandSpec = {
  name: 'stats',
  added: true,
  usage: '[--watch] [--interval=duration] [UUID ...]',
  short: 'Show what the apps of running pods use',
  long: `Prints a table of the apps of all running pods, or of the given ones, and what
they use. CPU is measured over the interval; with --interval=0s it is left out
and the table comes at once.

${meaning}

With --watch a table is printed each interval, until the given pods have ended.`,
  grammar: 'free',
  flags: [
    formatFlag,
    bool('full', 'use long output format'),
    duration('interval', '1s', 'how long to measure, and with --watch the time between two tables'),
    bool('no-legend', 'do not print the names of the columns'),
    bool('watch', 'go on measuring and printing'),
  ],
  examples: [
    { title: 'What all pods hold now', text: 'rkt stats --interval=0s' },
    { title: 'A line of JSON each ten seconds', text: 'rkt stats --watch --interval=10s --format=json 6f4f2914' },
  ],
};

const top: CommandSpec = {
  name: 'top',
  added: true,
  usage: '[--sort=cpu|memory|io|pids|name] [--interval=duration] [UUID ...]',
  short: 'Watch what the apps of running pods use',
  long: `Shows the apps of all running pods, or of the given ones, on the whole terminal,
measured anew each interval. Bytes from and to disks are those of a second.

The keys c, m, i, p and n sort by CPU, memory, disks, processes and name; r turns
the order around; q or Ctrl-C ends it.

With --format a JSON document is printed each interval instead, as "rkt stats
--watch" does; for that no terminal is needed.`,
  grammar: 'free',
  flags: [
    formatFlag,
    duration('interval', '1s', 'time between two measurements'),
    value('sort', 'what to sort by: cpu, memory, io, pids or name', { initial: 'cpu', choices: usageSortFields }),
  ],
  examples: [{ title: 'Who writes most', text: 'rkt top --sort=io' }],
};

export const usageCommands: readonly CommandSpec[] = [stats, top];
