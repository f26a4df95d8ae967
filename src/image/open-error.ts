import { messageOf } from '#errors';
import { ImageError } from './image-error.ts';

const TEXTS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};

/** What opening a file of the user's failed with, in the words rkt has for it: `open x.aci: no such file or directory`. */
export function openError(path: string, error: unknown): unknown {
  if (error instanceof ImageError) return error;
  const text = TEXTS[(error as NodeJS.ErrnoException).code ?? ''] ?? messageOf(error);
  return new ImageError('file-unreadable', `open ${path}: ${text}`, { cause: error });
}
