import { lstatSync } from 'node:fs';
import { AppError } from './errors.ts';
import { KERNEL_MOUNTS, type ProgramMount } from './program.ts';
import { resolveInRootfs } from './rootfs-path.ts';

/**
 * That the directory an app works in is there (appc spec/aci.md, app.workingDirectory): a runtime would make it, be it in
 * a volume of the host.
 *
 * @throws {AppError} 'no-working-directory'
 */
export function requireWorkingDirectory(rootfs: string, cwd: string, mounts: readonly ProgramMount[]): void {
  const resolved = resolveInRootfs(rootfs, cwd);
  const covers = (target: string): boolean => resolved === target || resolved.startsWith(`${target}/`);
  if (KERNEL_MOUNTS.some(covers)) return;
  const mount = mounts.filter(({ target }) => covers(target)).sort((a, b) => b.target.length - a.target.length)[0];
  const found = mount === undefined ? walk(rootfs, resolved) : walk(mount.source, resolved.slice(mount.target.length));
  if (found !== 'missing') return;
  throw new AppError('no-working-directory', `there is no directory "${cwd}" to work in`, {
    hint: 'give one that is in the image or in a volume with --working-dir',
  });
}

/** Links in a volume lead to places in the app's rootfs, which are not looked for. */
function walk(root: string, path: string): 'directory' | 'missing' | 'unknown' {
  let place = root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    place += `/${name}`;
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) return 'unknown';
    if (stat?.isDirectory() !== true) return 'missing';
  }
  return 'directory';
}
