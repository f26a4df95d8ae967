import { lstatSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { AppError } from './errors.ts';
import { hostPathOf, resolveInRootfs } from './rootfs-path.ts';

/** Where exec(3) looks when there is no PATH, after the working directory. */
const FALLBACK_DIRECTORIES = ['/bin', '/usr/bin'];

/**
 * The path, in the rootfs, of the program an app executes: an absolute path as it is, one with a slash
 * from the working directory, a bare name along the PATH of the app's own environment.
 *
 * @throws {AppError} 'program-not-found' for a bare name that is nowhere
 */
export function findAppProgram(rootfs: string, program: string, cwd: string, path: string | undefined): string {
  if (program.includes('/')) return posix.resolve('/', cwd, program);
  const directories = path === undefined ? [cwd, ...FALLBACK_DIRECTORIES] : path.split(':');
  for (const directory of directories) {
    const candidate = posix.resolve('/', cwd, directory, program);
    if (isExecutable(hostPathOf(rootfs, candidate))) return candidate;
  }
  throw new AppError('program-not-found', `unable to find "${program}" in "${directories.join(':')}"`, {
    hint: 'give its absolute path with --exec, or set PATH with --environment',
  });
}

/** What the kernel mounts in every app; what is there is known only when it runs. */
const KERNEL_MOUNTS = ['/dev', '/proc', '/sys'];

/**
 * That the program an app executes is in its rootfs. What lies below a mount is not looked for.
 *
 * @throws {AppError} 'program-not-found', in the words of rkt's diagnosis
 */
export function requireProgram(rootfs: string, program: string, mounts: readonly string[]): void {
  const path = resolveInRootfs(rootfs, program);
  if ([...mounts, ...KERNEL_MOUNTS].some((mount) => path === mount || path.startsWith(`${mount.replace(/\/$/, '')}/`))) return;
  if (lstatSync(rootfs + path, { throwIfNoEntry: false }) !== undefined) return;
  throw new AppError('program-not-found', `Error: Unable to open "${program}": No such file or directory`, {
    hint: 'give a program that is in the image with --exec',
  });
}

function isExecutable(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && (stat.mode & 0o111) !== 0;
}
