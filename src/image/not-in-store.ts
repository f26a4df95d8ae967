import { ImageError } from './image-error.ts';

/** @param what say `image from URL "…"` */
export function notInStore(what: string): ImageError {
  return new ImageError(
    'not-in-store',
    `unable to fetch ${what}: either image was not found in the store or store was disabled ` +
      'and fetching from remote yielded nothing or it was disabled',
    { hint: 'fetch it first: rkt fetch, or use --pull-policy=new' },
  );
}
