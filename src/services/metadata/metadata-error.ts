import { RktError } from '#errors';

export type MetadataErrorCode = 'unreachable' | 'refused' | 'bad-sockets' | 'in-use';

/** Why the metadata service cannot be served, or reached. */
export class MetadataError extends RktError<MetadataErrorCode> {
  override readonly name = 'MetadataError';
}
