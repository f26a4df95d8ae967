import { interleaved, measure, type Medians, type Sample } from '../clock.ts';
import type { Net, Opened } from '../engine.ts';
import type { Table } from '../table.ts';

/** `/bin/true` in an image already held, from the command's start to its end. */
export async function runToExit(engines: ReadonlyMap<string, Opened>, rounds: number): Promise<Table> {
  const medians = new Map<Net, Medians>();
  for (const net of ['none', 'default'] as const) {
    const takes = new Map<string, () => Promise<Sample>>();
    for (const [name, engine] of engines) {
      const command = engine.runToExit?.[net];
      if (command !== undefined) takes.set(name, () => measure(command));
    }
    medians.set(net, await interleaved(takes, rounds));
  }
  const cells = (name: string): (number | undefined)[] =>
    (['none', 'default'] as const).flatMap((net) => {
      const sample = medians.get(net)!.samples.get(name);
      return [sample?.wall, sample?.cpu];
    });
  return {
    title: 'run to exit',
    unit: 'ms',
    columns: ['net none', 'cpu', 'net default', 'cpu'],
    rows: new Map([...engines.keys()].map((name) => [name, cells(name)])),
    remarks: [...medians.values()].flatMap(({ remarks }) => remarks),
  };
}
