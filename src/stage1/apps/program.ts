import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { posix } from 'node:path';
import { AppError } from './errors.ts';
import { readInterpreter } from './interpreter.ts';
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
export const KERNEL_MOUNTS = ['/dev', '/proc', '/sys'];

/** Where a directory or file of the host covers a part of the rootfs. */
export interface ProgramMount {
  readonly source: string;
  readonly target: string;
}

/**
 * That the program an app executes is there, and with it the interpreter or the loader that the kernel will
 * ask for. What lies below a mount of the kernel is not looked for.
 *
 * @throws {AppError} 'program-not-found', in the words of rkt's diagnosis
 */
export function requireProgram(rootfs: string, program: string, mounts: readonly ProgramMount[]): void {
  // An interpreter may be a script itself: Linux goes four deep.
  for (let [path, depth] = [program, 0]; depth <= 4; depth++) {
    const file = locate(rootfs, path, mounts);
    if (file === undefined) return;
    const why = faultOf(file);
    if (why !== undefined) {
      throw new AppError('program-not-found', `Error: Unable to open "${path}": ${why}`, {
        hint: depth === 0 ? 'give a program that is in the image with --exec' : `"${program}" needs it`,
      });
    }
    const needed = readInterpreter(file);
    if (needed === undefined) return;
    path = needed;
  }
}

/** Why it cannot be executed, in the words of the C library. */
function faultOf(file: string): string | undefined {
  const stat = statIfAny(file);
  if (stat === undefined) return 'No such file or directory';
  if (stat.isDirectory()) return 'Is a directory';
  return (stat.mode & 0o111) === 0 ? 'Permission denied' : undefined;
}

function statIfAny(file: string): Stats | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The file on the host; undefined where that is not known before the app runs. */
function locate(rootfs: string, path: string, mounts: readonly ProgramMount[]): string | undefined {
  const resolved = resolveInRootfs(rootfs, path);
  const covers = (target: string): boolean => resolved === target || resolved.startsWith(`${target.replace(/\/$/, '')}/`);
  if (KERNEL_MOUNTS.some(covers)) return undefined;
  const mount = mounts.filter(({ target }) => covers(target)).sort((a, b) => b.target.length - a.target.length)[0];
  if (mount === undefined) return rootfs + resolved;
  // Links out of a volume lead to the app's rootfs, not the host's.
  const below = mount.source + resolved.slice(mount.target.length);
  // A file that covers a directory has nothing below it.
  if (resolved !== mount.target && !statSync(mount.source).isDirectory()) return below;
  const stat = lstatSync(below, { throwIfNoEntry: false });
  return stat?.isFile() === true && isInside(mount.source, below) ? below : undefined;
}

function isInside(directory: string, path: string): boolean {
  const real = realpathSync(path);
  const root = realpathSync(directory);
  return real === root || real.startsWith(`${root}/`);
}

function isExecutable(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && (stat.mode & 0o111) !== 0;
}
