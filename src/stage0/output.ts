import { closeSync, fsyncSync, linkSync, lstatSync, mkdtempSync, openSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { modeForCaller } from '#sys';
import { Stage0Error } from './error.ts';

interface OutputOptions {
  readonly overwrite: boolean;
  /** What is said when something of that name is there: `output ACI file exists (try --overwrite)`. */
  readonly exists: string;
}

/**
 * Lets `write` fill a file that gets its name only when it is whole.
 *
 * @throws {Stage0Error} output-exists
 */
export async function writeOutputFile(
  path: string,
  { overwrite, exists }: OutputOptions,
  write: (fd: number) => Promise<void>,
): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !overwrite) throw new Stage0Error('output-exists', exists);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) return writeInto(path, write);
  const target = found?.isSymbolicLink() === true ? realpathSync(path) : path;
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  const fd = named(path, () => openSync(temporary, 'wx', modeForCaller(0o644)));
  try {
    await write(fd);
    fsyncSync(fd);
    putFileInPlace(temporary, target, { overwrite, exists });
  } finally {
    closeSync(fd);
    rmSync(temporary, { force: true });
  }
}

/** A failure to begin beside `path` is told of what was asked for. */
function named<T>(path: string, begin: () => T): T {
  try {
    return begin();
  } catch (error) {
    throw Object.assign(error as Error, { syscall: 'create', path });
  }
}

/** A pipe or a device: what is there stays what it is. */
async function writeInto(path: string, write: (fd: number) => Promise<void>): Promise<void> {
  const fd = openSync(path, 'w');
  try {
    await write(fd);
  } finally {
    closeSync(fd);
  }
}

function putFileInPlace(temporary: string, path: string, { overwrite, exists }: OutputOptions): void {
  if (overwrite) return renameSync(temporary, path);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new Stage0Error('output-exists', exists);
    throw error;
  }
}

/**
 * Lets `fill` make a directory that gets its name only when it is whole. What is there is removed with `overwrite`.
 *
 * @param guarded a directory that must not be removed with it: the data directory
 * @throws {Stage0Error} output-exists, bad-output
 */
export async function writeOutputDirectory(
  output: string,
  { overwrite, exists }: OutputOptions,
  guarded: string,
  fill: (directory: string) => Promise<void>,
): Promise<void> {
  const path = resolve(output);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !overwrite) throw new Stage0Error('output-exists', exists);
  if (found !== undefined) checkRemovable(path, guarded);
  const work = named(path, () => mkdtempSync(join(dirname(path), `.${basename(path)}.`)));
  try {
    const made = join(work, 'new');
    await fill(made);
    if (found !== undefined) renameSync(path, join(work, 'old'));
    renameSync(made, path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function checkRemovable(path: string, guarded: string): void {
  const real = realpathSync(path);
  const isAbove = (below: string): boolean => below === real || below.startsWith(`${real === '/' ? '' : real}/`);
  const kept = [realpathSync(guarded), process.cwd()].find(isAbove);
  if (kept === undefined) return;
  throw new Stage0Error('bad-output', `${path} will not be removed: ${kept} is in it`, { hint: 'name another directory' });
}
