import { interleaved, measure, type Sample } from '../clock.ts';
import type { Opened } from '../engine.ts';
import type { Table } from '../table.ts';

const PLUGINS = 'plugins of ';
const RENDERING = ', an image that it renders first';

/**
 * What the default network (podman's and docker's bridge) adds to a run to exit, and how much of that is the time of the
 * plugins alone, all in turns.
 */
export async function network(held: ReadonlyMap<string, Opened>, rounds: number): Promise<Table> {
  const takes = new Map<string, () => Promise<Sample>>();
  const engines = new Map([...held].flatMap(([name, engine]) => rowsOf(name, engine)));
  for (const [name, { runToExit, plugins, forgetTree = () => {} }] of engines) {
    for (const net of ['none', 'default'] as const) {
      const command = runToExit?.[net];
      if (command !== undefined) takes.set(`${net} ${name}`, () => (forgetTree(), measure(command)));
    }
    if (plugins !== undefined) takes.set(`${PLUGINS}${name}`, plugins);
  }
  const { samples, remarks } = await interleaved(takes, rounds);
  const wall = (name: string): number | undefined => samples.get(name)?.wall;
  const cells = (name: string): (number | undefined)[] => {
    const [none, whole, plugins] = [wall(`none ${name}`), wall(`default ${name}`), wall(`${PLUGINS}${name}`)];
    const added = none === undefined || whole === undefined ? undefined : whole - none;
    return [whole, added, plugins, added === undefined || plugins === undefined ? undefined : added - plugins];
  };
  return {
    title: 'the default network',
    unit: 'ms',
    columns: ['run to exit', 'more than with none', 'plugins alone', 'beyond them'],
    rows: new Map([...engines.keys()].map((name) => [name, cells(name)])),
    remarks,
  };
}

/** An engine that renders an image at its first run has a second row. */
function rowsOf(name: string, engine: Opened): [string, Opened][] {
  const { forgetTree, ...held } = engine;
  return forgetTree === undefined ? [[name, held]] : [[name, held], [`${name}${RENDERING}`, engine]];
}
