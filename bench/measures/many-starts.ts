import type { Opened } from '../engine.ts';
import type { Table } from '../table.ts';
import { startPods, untilStopped } from './pods.ts';

const COUNT = 50;

/** Fifty pods brought up, one after another and eight at a time: milliseconds each, until the app runs. */
export async function manyStarts(engines: ReadonlyMap<string, Opened>): Promise<Table> {
  const rows = new Map<string, (number | undefined)[]>();
  const remarks: string[] = [];
  for (const [name, engine] of engines) {
    if (engine.start === undefined || engine.removeAll === undefined) continue;
    const cells: number[] = [];
    try {
      for (const parallel of [1, 8]) {
        cells.push((await startPods(engine, COUNT, parallel, `many${parallel}-`)) / COUNT);
        const started = performance.now();
        await engine.removeAll();
        await untilStopped();
        if (parallel === 8) cells.push((performance.now() - started) / COUNT);
      }
    } catch (error) {
      remarks.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      await engine.removeAll();
    }
    rows.set(name, cells);
  }
  return { title: `${COUNT} starts`, unit: 'ms each', columns: ['one by one', '8 at a time', 'stop and remove'], rows, remarks };
}
