import { messageOf } from '#errors';
import { ImageError } from './image-error.ts';

/** What a file of the user's cannot be read for, in the words rkt has for it: `open x.aci: no such file or directory`. */
export function openError(error: unknown): unknown {
  return error instanceof ImageError ? error : new ImageError('file-unreadable', messageOf(error), { cause: error });
}
