import { closeSync, openSync } from 'node:fs';
import { call } from './linux.ts';

/** Writes everything dirty of the file system that holds `path` to its disk and waits for it (syncfs(2)). */
export function syncFileSystem(path: string): void {
  const fd = openSync(path, 'r');
  try {
    syncFileSystemOf(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** As {@link syncFileSystem}, by an open descriptor: for a process that can no longer see the path. */
export function syncFileSystemOf(fd: number, subject = `descriptor ${fd}`): void {
  call('syncfs', subject, fd);
}
