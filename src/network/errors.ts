import { RktError } from '#errors';

export type NetworkErrorCode =
  | 'net-list-invalid'
  | 'network-not-found'
  | 'configuration-invalid'
  | 'plugin-not-found'
  | 'plugin-failed'
  | 'result-invalid'
  | 'port-unsupported'
  | 'ports-failed'
  | 'names-failed'
  | 'bandwidth-failed'
  | 'set-up-failed'
  | 'tear-down-failed';

/** What is wrong with a network list, a configuration, a plugin or what it answered. */
export class NetworkError extends RktError<NetworkErrorCode> {
  override readonly name = 'NetworkError';
}
