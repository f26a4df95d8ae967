import { statSync } from 'node:fs';
import { posix } from 'node:path';
import { AppError } from './errors.ts';
import { hostPathOf } from './rootfs-path.ts';

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

function isExecutable(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && (stat.mode & 0o111) !== 0;
}
