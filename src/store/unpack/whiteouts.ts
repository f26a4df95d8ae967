import { hostileEntry } from '../store-error.ts';
import type { TarEntry } from '../tar/entry.ts';
import { baseOf, type EntryPath, joinPath, parentOf } from '../tar/entry-path.ts';

const PREFIX = '.wh.';
const META_PREFIX = '.wh..wh.';
const OPAQUE = '.wh..wh..opq';

/** What an entry of a layer says about the layers below it (OCI image spec, layer.md, "Whiteouts"). */
export type Whiteout =
  | { readonly kind: 'hide'; readonly path: EntryPath }
  | { readonly kind: 'opaque'; readonly directory: EntryPath }
  /** AUFS's own bookkeeping. */
  | { readonly kind: 'ignore' };

/**
 * The whiteout an entry is, if it is one.
 *
 * @throws {StoreError} `hostile-archive` for a device of such a name, for `.wh.`, `.wh..` and `.wh...`, and for
 *   anything below a whiteout
 */
export function parseWhiteout(path: EntryPath, entry: TarEntry): Whiteout | undefined {
  if (!path.includes(PREFIX)) return undefined;
  const directory = parentOf(path);
  if (directory.split('/').some((component) => component.startsWith(META_PREFIX))) return { kind: 'ignore' };
  if (directory.split('/').some((component) => component.startsWith(PREFIX))) {
    throw hostileEntry(entry.name, 'it lies below a whiteout');
  }
  const name = baseOf(path);
  if (!name.startsWith(PREFIX)) return undefined;
  if (entry.type === 'char' || entry.type === 'block') throw hostileEntry(entry.name, 'a device has the name of a whiteout');
  if (name === OPAQUE) return { kind: 'opaque', directory };
  if (name.startsWith(META_PREFIX)) return { kind: 'ignore' };
  const hidden = name.slice(PREFIX.length);
  if (hidden === '' || hidden === '.' || hidden === '..') throw hostileEntry(entry.name, 'it hides no possible name');
  return { kind: 'hide', path: joinPath(directory, hidden) };
}
