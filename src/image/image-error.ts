import { RktError } from '#errors';

export type ImageErrorCode =
  | 'bad-image-string'
  | 'not-in-store'
  | 'no-discovery'
  | 'no-signature'
  | 'bad-signature'
  | 'unknown-signer'
  | 'bad-key'
  | 'key-not-accepted'
  | 'no-longer-trusted'
  | 'evidence-mismatch'
  | 'not-verified'
  | 'insecure-transport'
  | 'connection-failed'
  | 'bad-status'
  | 'too-large'
  | 'bad-redirect'
  | 'bad-credentials'
  | 'unauthorized'
  | 'not-found'
  | 'digest-mismatch'
  | 'bad-answer'
  | 'unsupported-image'
  | 'bad-layout'
  | 'bad-destination'
  | 'file-unreadable'
  | 'other-image'
  | 'file-changed';

/** What went wrong while an image was on its way into the store. */
export class ImageError extends RktError<ImageErrorCode> {
  override readonly name = 'ImageError';
}
