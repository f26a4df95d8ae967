import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { ArchivedFile } from '#store';
import { type ReadAnswer, readPart, tooLarge } from '../local/image-files.ts';
import { printable } from './messages.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** The whole of a small file of an image layout, unread by us. */
export function readLayoutFile(directory: string, name: string, limit: number): ReadAnswer {
  const opened = openLayoutFile(directory, name);
  if (typeof opened !== 'number') return opened;
  try {
    const { size } = fstatSync(opened);
    return size > limit ? tooLarge(limit) : { bytes: Buffer.concat([...readPart(opened, { position: 0, size })]) };
  } finally {
    closeSync(opened);
  }
}

/** A descriptor; a link is not followed: what it leads to is not the layout's. */
export function openLayoutFile(directory: string, name: string): number | Exclude<ReadAnswer, { bytes: Buffer }> {
  let fd: number;
  try {
    fd = openSync(join(directory, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    return problemOf(error as NodeJS.ErrnoException);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  return { code: 'bad-layout', problem: 'is not a regular file' };
}

function problemOf({ code, message }: NodeJS.ErrnoException): Exclude<ReadAnswer, { bytes: Buffer }> {
  if (code === 'ENOENT' || code === 'ENOTDIR') return { code: 'bad-layout', problem: 'is missing' };
  if (code === 'ELOOP') return { code: 'bad-layout', problem: 'is a symbolic link' };
  return { code: 'file-unreadable', problem: `cannot be read: ${printable(message)}` };
}

/** The bytes of a part of an open file, which a store takes as they come. */
export async function* streamPart(fd: number, part: ArchivedFile, onBytes: (done: number) => void): AsyncGenerator<Buffer> {
  let done = 0;
  for (const piece of readPart(fd, part)) {
    yield piece;
    onBytes((done += piece.length));
  }
}
