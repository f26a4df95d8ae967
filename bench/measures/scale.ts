import { execute, interleaved, measure } from '../clock.ts';
import type { Opened } from '../engine.ts';
import type { Table } from '../table.ts';

const PARALLEL = 4;

/** Listing and removing exited pods: few and many. A peer's many are fewer, because making them takes minutes. */
export async function scale(engines: ReadonlyMap<string, Opened>, rounds: number, many: { rkt: number; peers: number }): Promise<Table> {
  const rows = new Map<string, (number | undefined)[]>();
  const remarks = [`many: ${many.rkt} pods of rkt, ${many.peers} of a peer`];
  for (const [name, engine] of engines) {
    if (engine.leaveExited === undefined || engine.list === undefined || engine.removeAll === undefined) continue;
    try {
      const few = await listAndRemove(engine, 10, rounds);
      rows.set(name, [...few, ...(await listAndRemove(engine, name === 'rkt' ? many.rkt : many.peers, rounds))]);
    } catch (error) {
      remarks.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      await engine.removeAll();
    }
  }
  const columns = ['list 10', 'remove 10, each', 'list many', 'remove many, each'];
  return { title: 'exited pods', unit: 'ms', columns, rows, remarks };
}

async function listAndRemove(engine: Opened, count: number, rounds: number): Promise<number[]> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await execute(engine.leaveExited!(`exited${count}-${next++}`));
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  const list = (await interleaved(new Map([['list', () => measure(engine.list!)]]), rounds)).samples.get('list')!.wall;
  const started = performance.now();
  await engine.removeAll!();
  return [list, (performance.now() - started) / count];
}
