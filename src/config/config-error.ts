import { RktError } from '#errors';

export type ConfigErrorCode = 'bad-directory' | 'bad-file' | 'unknown-kind' | 'duplicate' | 'unsupported';

/** A configuration file that cannot be used; the message names it. */
export class ConfigError extends RktError<ConfigErrorCode> {
  override readonly name = 'ConfigError';
}
