import { setTimeout as sleep } from 'node:timers/promises';
import type { Opened } from '../engine.ts';
import type { Table } from '../table.ts';
import { besideApps, pss, startPods, untilStopped } from './pods.ts';

const COUNTS = [1, 10, 50];
/** What started the pods has gone by then. */
const SETTLE_MS = 2000;

/** What a running pod costs beyond its app, per pod: every process above an app and whatever else is below those, and the daemons. */
export async function memory(engines: ReadonlyMap<string, Opened>): Promise<Table> {
  const rows = new Map<string, (number | undefined)[]>();
  const remarks: string[] = [];
  for (const [name, engine] of engines) {
    if (engine.start === undefined || engine.removeAll === undefined) continue;
    const cells: (number | undefined)[] = [];
    try {
      for (const count of COUNTS) cells.push(await perPod(engine, count, `memory${count}-`));
    } catch (error) {
      remarks.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      await engine.removeAll();
    }
    rows.set(name, cells);
  }
  return { title: 'memory beside the app, per pod', unit: 'MB of PSS', columns: COUNTS.map((n) => `${n} pods`), rows, remarks };
}

async function perPod(engine: Opened, count: number, prefix: string): Promise<number> {
  await startPods(engine, count, 4, prefix);
  await sleep(SETTLE_MS);
  const pids = new Set([...besideApps(), ...(engine.daemonPids?.() ?? [])]);
  const sum = [...pids].reduce((total, pid) => total + pss(pid), 0);
  await engine.removeAll!();
  await untilStopped();
  return sum / count;
}
