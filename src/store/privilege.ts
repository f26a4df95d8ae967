import { StoreError } from './store-error.ts';

/** Whether this process may unpack layers: with owners and devices, into directories that are root's. */
export function mayUnpack(): boolean {
  return process.geteuid?.() === 0;
}

/** What one who is not root is told who asks for the files of an image of layers. */
export function needsRoot(): StoreError {
  return new StoreError('needs-root', 'cannot get at the files of an image of layers as unprivileged user', {
    hint: "they are root's to unpack and to read: do it as root",
  });
}
