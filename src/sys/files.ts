import { accessSync, closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, readSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

let counter = 0;

/**
 * Puts a file in place whole or not at all: temporary name, write, optional fsync, rename.
 *
 * Without `durable` a crash of the machine may lose the new content, never mix it with the old.
 */
export function writeFileAtomic(
  path: string,
  data: string | Buffer,
  options: { mode?: number; durable?: boolean } = {},
): void {
  const temporary = `${path}.tmp-${process.pid}-${counter++}`;
  const fd = openSync(temporary, 'wx', options.mode ?? 0o644);
  try {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    writeWhole(fd, bytes);
    if (options.durable === true) fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(fd);
  renameSync(temporary, path);
  if (options.durable === true) syncDirectory(dirname(path));
}

/** Writes all of the bytes, which write(2) may take in pieces: at `position` of the file, else where it stands. */
export function writeWhole(fd: number, bytes: Uint8Array, position?: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position === undefined ? null : position + done);
  }
}

/** Makes the names in a directory survive a crash of the machine (fsync(2) on it). */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A file's text, or undefined where there is no such file. */
export function readTextIfExists(path: string): string | undefined {
  return unlessMissing(() => readFileSync(path, 'utf8'));
}

/**
 * What is in a file that somebody names, which may be anything: a pipe, a device without an end, a directory.
 *
 * @throws the system's error, with the path; EFBIG for more than `most` bytes
 */
export function readBounded(path: string, most: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    return readUpTo(fd, path, most);
  } catch (error) {
    throw Object.assign(error as Error, { path });
  } finally {
    closeSync(fd);
  }
}

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Nothing of that name, a file in the place of a directory, a link, a socket. */
const NO_FILE = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'];

/**
 * What is in a plain file in the place that a stranger made; undefined where there is none, or anything else: a pipe
 * or a device would be waited for, or never end.
 *
 * @throws EFBIG for more than `most` bytes
 */
export function readPlainFile(path: string, most: number): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    if (NO_FILE.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    return fstatSync(fd).isFile() ? readUpTo(fd, path, most) : undefined;
  } finally {
    closeSync(fd);
  }
}

const PIECE = 64 << 10;

function readUpTo(fd: number, path: string, most: number): Buffer {
  const pieces: Buffer[] = [];
  for (let total = 0; ; ) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE, most + 1 - total));
    const length = readSync(fd, piece);
    if (length === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, length));
    total += length;
    if (total > most) throw Object.assign(new Error(`EFBIG: file too large, read '${path}'`), { code: 'EFBIG', syscall: 'read', path });
  }
}

/** A directory's names, sorted; none where there is no such directory. */
export function listDirectory(path: string): string[] {
  return unlessMissing(() => readdirSync(path).sort()) ?? [];
}

/** What `body` gives, or undefined where a file it needs is not there. */
export function unlessMissing<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether this process may write to a file, or in a directory. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
