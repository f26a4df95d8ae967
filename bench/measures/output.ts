import { spawn } from 'node:child_process';
import { median } from '../clock.ts';
import type { Command, Opened } from '../engine.ts';
import type { Table } from '../table.ts';

const FILE_MB = 32;
const TIMES = 8;
const LINE = 'a line of eighty characters, as programs print them all day long, more or less..';

/** Prints 256 MB of lines, then on standard error the seconds it took, as busybox sees them. */
export const chatter = [
  '/bin/sh',
  '-c',
  `b=/bin/busybox; f=/dev/shm/lines.$$; $b yes '${LINE}' | $b head -c ${FILE_MB}m >$f; now() { $b cut -d' ' -f1 /proc/uptime; }
from=$(now); i=0; while [ $i -lt ${TIMES} ]; do $b cat $f || exit; i=$((i+1)); done; to=$(now); $b rm $f; echo "took $from $to" >&2`,
] as const;

/** How the output of an app is taken. */
export const ways = ['alone', 'of several', 'logged'] as const;
export type Way = (typeof ways)[number];

/** How fast an app can print, MB a second, into a pipe that is read as fast as it can be. */
export async function output(engines: ReadonlyMap<string, Opened>, rounds: number): Promise<Table> {
  const commands = new Map<string, Command>([['a plain pipe: alone', { argv: chatter }]]);
  for (const [name, engine] of engines) {
    for (const way of ways) {
      const command = engine.chatter?.[way];
      if (command !== undefined) commands.set(`${name}: ${way}`, command);
    }
  }
  const taken = new Map<string, number[]>([...commands.keys()].map((name) => [name, []]));
  const remarks: string[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [name, rates] of taken) {
      try {
        rates.push(await rate(commands.get(name)!));
      } catch (error) {
        remarks.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        taken.delete(name);
      }
    }
  }
  const cells = (name: string): (number | undefined)[] => ways.map((way) => {
    const rates = taken.get(`${name}: ${way}`);
    return rates === undefined ? undefined : median(rates);
  });
  const rows = ['a plain pipe', ...engines.keys()].map((name) => [name, cells(name)] as const);
  return { title: 'output of an app', unit: 'MB/s', columns: [...ways], rows: new Map(rows), remarks };
}

function rate({ argv, env }: Command): Promise<number> {
  const child = spawn('sh', ['-c', '"$@" | cat >/dev/null', 'sh', ...argv], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      const [, from, to] = /took ([\d.]+) ([\d.]+)/.exec(said) ?? [];
      if (to === undefined) reject(new Error(said.trim()));
      else resolve((FILE_MB * TIMES * 1.048576) / (Number(to) - Number(from)));
    });
  });
}
