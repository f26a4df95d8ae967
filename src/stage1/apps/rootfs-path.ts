import { readlinkSync } from 'node:fs';
import { AppError } from './errors.ts';

/** As the kernel: more links than this in one path are a loop. */
const MAX_LINKS = 40;

/**
 * Where `path` leads when `rootfs` is `/`: a path without links, absolute inside the rootfs.
 *
 * Links of the image, absolute ones and `..` too, never lead out of the rootfs. What does not exist is
 * kept as it is written, so that the answer may be the place of something to be made.
 *
 * @throws {AppError} 'path-loop'
 */
export function resolveInRootfs(rootfs: string, path: string): string {
  const todo = components(path);
  const done: string[] = [];
  for (let links = 0; todo.length > 0; ) {
    const name = todo.pop()!;
    if (name === '..') {
      done.pop();
      continue;
    }
    const link = readLink(`${rootfs}/${[...done, name].join('/')}`);
    if (link === undefined) {
      done.push(name);
      continue;
    }
    if (++links > MAX_LINKS) throw new AppError('path-loop', `too many symbolic links in "${path}"`);
    if (link.startsWith('/')) done.length = 0;
    todo.push(...components(link));
  }
  return `/${done.join('/')}`;
}

/** The names of a path, last first. */
function components(path: string): string[] {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .reverse();
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // EINVAL: not a link. ENOENT, ENOTDIR: nothing there.
    return undefined;
  }
}

/** The path on the host of a file in an app's rootfs, links resolved as {@link resolveInRootfs} does. */
export function hostPathOf(rootfs: string, path: string): string {
  return rootfs + resolveInRootfs(rootfs, path);
}
