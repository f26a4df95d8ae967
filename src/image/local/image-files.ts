import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { ArchiveIndex } from '#store';
import { ImageError } from '../image-error.ts';

/** A file of an image on this machine: bytes of a file, or of a part of one. */
export interface ImageFile extends Disposable {
  readonly size: number;
  read(from?: number): Generator<Buffer>;
}

/** Where the files of an image are: a directory or an archive. Names are those of the format, never a user's. */
export interface ImageFiles {
  /** For messages. */
  readonly description: string;
  has(name: string): boolean;
  /** @throws {ImageError} bad-layout where it is missing, or is no regular file */
  open(name: string, options?: { followLinks: boolean }): ImageFile;
}

const CHUNK = 1 << 18;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

export function directoryFiles(directory: string): ImageFiles {
  const open = (name: string): number => openRegular(join(directory, name), name, directory);
  return {
    description: directory,
    has: (name) => {
      try {
        closeSync(open(name));
        return true;
      } catch {
        return false;
      }
    },
    open: (name) => {
      const fd = open(name);
      return openPart(fd, { position: 0, size: fstatSync(fd).size }, () => closeSync(fd));
    },
  };
}

/** @param path an uncompressed archive that `index` was made of */
export function archiveFiles(path: string, index: ArchiveIndex, description: string): ImageFiles {
  return {
    description,
    has: (name) => index.has(name),
    open: (name, options) => {
      const file = index.find(name, options);
      if (file === undefined) throw missing(name, description, index.has(name) ? 'is not a regular file' : 'is missing');
      const fd = openSync(path, 'r');
      return openPart(fd, file, () => closeSync(fd));
    },
  };
}

/** The whole of a small file. @throws {ImageError} too-large */
export function readSmall(files: ImageFiles, name: string, limit: number): Buffer {
  using file = files.open(name);
  if (file.size > limit) {
    throw new ImageError('too-large', `${files.description}: ${name} is larger than ${limit} bytes`);
  }
  return Buffer.concat([...file.read()]);
}

function openRegular(path: string, name: string, description: string): number {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw missing(name, description, 'is missing');
    if (code === 'ELOOP') throw missing(name, description, 'is a symbolic link');
    throw new ImageError('file-unreadable', `cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw missing(name, description, 'is not a regular file');
}

function missing(name: string, description: string, problem: string): ImageError {
  return new ImageError('bad-layout', `${description}: ${name} ${problem}`);
}

function openPart(fd: number, part: { position: number; size: number }, close: () => void): ImageFile {
  return {
    size: part.size,
    *read(from = 0) {
      for (let done = from; done < part.size; ) {
        const buffer = Buffer.allocUnsafe(Math.min(CHUNK, part.size - done));
        const got = readSync(fd, buffer, 0, buffer.length, part.position + done);
        if (got === 0) return;
        done += got;
        yield buffer.subarray(0, got);
      }
    },
    [Symbol.dispose]: close,
  };
}
