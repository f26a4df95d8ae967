import { lstatSync, mkdirSync, readlinkSync } from 'node:fs';
import { hostileEntry } from '../store-error.ts';
import { baseOf, type EntryPath, joinPath, onDisk, parentOf } from '../tar/entry-path.ts';

const MOST_LINKS = 40;
const IMPLICIT_MODE = 0o755;

/**
 * Finds the real directory that a place of an archive leads to, following links that earlier entries made
 * as if `root` were `/`, and making what is missing (mode 0755, root's).
 *
 * The process that unpacks sees nothing but its tree as well; this is what tells a hostile archive from a clumsy one.
 */
export class Directories {
  readonly #root: string;
  readonly #real = new Map<EntryPath, EntryPath>([['', '']]);

  constructor(root: string) {
    this.#root = root;
  }

  /** @throws {StoreError} `hostile-archive` naming the entry, where a link on the way climbs above the root */
  resolve(directory: EntryPath, entry: Buffer): EntryPath {
    const known = this.#real.get(directory);
    if (known !== undefined) return known;
    const real = this.#walk(directory.split('/'), entry);
    this.#real.set(directory, real);
    return real;
  }

  /** Whether what is there is a file, so that nothing can be below it. Links are not followed, nothing is made. */
  isBelowFile(directory: EntryPath): boolean {
    for (let at = directory; at !== ''; at = parentOf(at)) {
      const stat = lstatSync(onDisk(this.#root, at), { throwIfNoEntry: false });
      if (stat !== undefined) return !stat.isDirectory() && !stat.isSymbolicLink();
    }
    return false;
  }

  /** To be called when a directory or link was removed or replaced. */
  forget(): void {
    this.#real.clear();
    this.#real.set('', '');
  }

  /** Says that a directory is there, so that it need not be looked at again. */
  know(real: EntryPath): void {
    this.#real.set(real, real);
  }

  #walk(components: string[], entry: Buffer): EntryPath {
    const left = components.reverse();
    let at: EntryPath = '';
    let links = 0;
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (next === '' || next === '.') continue;
      if (next === '..') {
        if (at === '') throw hostileEntry(entry, 'it lies behind a symbolic link that climbs above the root');
        at = parentOf(at);
        continue;
      }
      const target = this.#enter(joinPath(at, next), entry);
      if (target === undefined) {
        at = joinPath(at, next);
        continue;
      }
      links += 1;
      if (links > MOST_LINKS) throw hostileEntry(entry, 'it lies behind too many symbolic links');
      if (target.startsWith('/')) at = '';
      left.push(...target.split('/').reverse());
    }
    return at;
  }

  /** Makes sure of one directory; the target where it is a symbolic link instead. */
  #enter(path: EntryPath, entry: Buffer): string | undefined {
    if (this.#real.get(path) === path) return undefined;
    const place = onDisk(this.#root, path);
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat === undefined) mkdirSync(place, IMPLICIT_MODE);
    else if (stat.isSymbolicLink()) return readlinkSync(place, { encoding: 'buffer' }).toString('latin1');
    else if (!stat.isDirectory()) {
      throw hostileEntry(entry, `it lies below ${JSON.stringify(baseOf(path))}, which is not a directory`);
    }
    this.know(path);
    return undefined;
  }
}
