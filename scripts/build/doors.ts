import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';
import { root } from './root.ts';

const LIST = String.raw`\{([^}]*)\}`;
const DOOR = String.raw`'(#[\w/]+)'`;
const EXPORTS = new RegExp(String.raw`^export (type )?${LIST} from '(\./[^']+)';`, 'gm');
const IMPORTS = new RegExp(String.raw`^import ${LIST} from ${DOOR};`, 'gm');
const TAKEN_LATER = new RegExp(String.raw`const ${LIST} = await import\(${DOOR}\)`, 'g');
const ONE_LATER = new RegExp(String.raw`\(await import\(${DOOR}\)\)\.(\w+)`, 'g');

/**
 * Who imports something through a room's door gets it from the file it is in. The door itself would bring everything
 * that anybody wants of the room, and a start evaluates all that is brought.
 */
export const openDoors: Plugin = {
  name: 'open-doors',
  setup({ onLoad }) {
    const doors = new Map<string, ReadonlyMap<string, string>>();
    const fileOf = (door: string, name: string): string => {
      if (!doors.has(door)) doors.set(door, exportsOf(door));
      return doors.get(door)!.get(name) ?? door;
    };
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({ contents: throughDoors(readFileSync(path, 'utf8'), fileOf), loader: 'ts', resolveDir: dirname(path) }));
  },
};

function throughDoors(source: string, fileOf: (door: string, name: string) => string): string {
  const each = (names: string, door: string, render: (item: string, file: string) => string): string[] =>
    items(names).map((item) => render(item, fileOf(door, item.split(/ as |:/, 1)[0]!.trim())));
  return source
    .replace(IMPORTS, (_, names: string, door: string) => each(names, door, (item, file) => `import { ${item} } from '${file}';`).join(' '))
    .replace(TAKEN_LATER, (_, names: string, door: string) => `const ${each(names, door, (item, file) => `{ ${item} } = await import('${file}')`).join(', ')}`)
    .replace(ONE_LATER, (_, door: string, name: string) => `(await import('${fileOf(door, name)}')).${name}`);
}

/** Absolute paths by the names that a door hands on. */
function exportsOf(door: string): ReadonlyMap<string, string> {
  const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { imports: Record<string, string> };
  const index = join(root, imports[door]!);
  const files = new Map<string, string>();
  for (const [, type, names, file] of readFileSync(index, 'utf8').matchAll(EXPORTS)) {
    if (type === undefined) for (const name of items(names!)) files.set(name, join(dirname(index), file!));
  }
  return files;
}

/** What of a list of imports or exports is there at run time. */
function items(list: string): string[] {
  return list.split(',').map((item) => item.trim()).filter((item) => item !== '' && !item.startsWith('type '));
}
