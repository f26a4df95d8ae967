import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { ImageError } from './image-error.ts';
import { openError } from './open-error.ts';

/** Opens a file that a user has named, to read. @throws {ImageError} file-unreadable, also for a device or a pipe */
export function openRegularFile(path: string): number {
  let fd: number;
  try {
    // Without it a pipe that nobody writes to would be waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw openError(error);
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new ImageError('file-unreadable', `open ${path}: not a regular file`);
}
