import { lstatSync, readdirSync, type Stats } from 'node:fs';

const SLASH = Buffer.from('/');

export interface TreeFile {
  readonly path: Buffer;
  readonly stat: Stats;
}

/** A file, or a directory with all that is below it, of whatever names; links are not followed. */
export function* walkTree(top: string): Generator<TreeFile> {
  const todo = [Buffer.from(top)];
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    const stat = lstatSync(path);
    yield { path, stat };
    if (!stat.isDirectory()) continue;
    for (const name of readdirSync(path, { encoding: 'buffer' })) todo.push(Buffer.concat([path, SLASH, name]));
  }
}
