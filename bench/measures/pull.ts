import { interleaved, measure, type Medians, type Sample } from '../clock.ts';
import type { Opened } from '../engine.ts';
import type { Table } from '../table.ts';

/** A large image from a registry on the loopback into an empty store, until it could run. */
export async function pull(
  engines: ReadonlyMap<string, Opened>,
  images: Readonly<Record<string, string>>,
  rounds: number,
): Promise<Table> {
  const medians = new Map<string, Medians>();
  for (const [compression, image] of Object.entries(images)) {
    const takes = new Map<string, () => Promise<Sample>>();
    for (const [name, engine] of engines) {
      if (engine.pull === undefined || engine.forget === undefined) continue;
      const take = async (): Promise<Sample> => {
        const sample = await measure(engine.pull!(image));
        await engine.forget!(image);
        return sample;
      };
      takes.set(name, take);
    }
    medians.set(compression, await interleaved(takes, rounds));
  }
  const kinds = Object.keys(images);
  const cells = (name: string): (number | undefined)[] =>
    kinds.flatMap((kind) => {
      const sample = medians.get(kind)!.samples.get(name);
      return [sample?.wall, sample?.cpu, sample?.rss];
    });
  const columns = kinds.flatMap((kind) => [kind, 'cpu', 'peak MB']);
  const rows = new Map([...engines.keys()].map((name) => [name, cells(name)] as const).filter(([, row]) => row.some((cell) => cell !== undefined)));
  const remarks = kinds.flatMap((kind) => medians.get(kind)!.remarks.map((text) => `${kind}: ${text}`));
  return { title: 'pull of a large image', unit: 'ms', columns, rows, remarks };
}
