import { NetworkError } from './errors.ts';

export interface NetRequest {
  readonly name: string;
  /** `K=V;K2=V2`, handed to the plugins as CNI_ARGS; empty for none. */
  readonly args: string;
}

/** What `--net` asks for. `all`: every configured network, and those named with their arguments. */
export type NetList =
  | { readonly kind: 'host' }
  | { readonly kind: 'none' }
  | { readonly kind: 'contained'; readonly all: boolean; readonly names: readonly NetRequest[] };

/**
 * The values of all `--net` flags: `host`, `none`, or networks, `default-restricted,mine:IP=10.1.2.3`.
 *
 * No value at all is the `default` network; `host` beside others is the host's network, as rkt has it.
 *
 * @throws {NetworkError} `net-list-invalid`
 */
export function parseNetList(values: readonly string[]): NetList {
  const requests = values.flatMap((value) => value.split(',').map(parseRequest));
  const seen = new Set<string>();
  for (const { name } of requests) {
    if (seen.has(name)) throw invalid(`found duplicate netname ${JSON.stringify(name)}`);
    seen.add(name);
  }
  if (requests.length === 0) return { kind: 'contained', all: false, names: [{ name: 'default', args: '' }] };
  if (seen.has('host')) return { kind: 'host' };
  if (seen.has('none')) return { kind: 'none' };
  return { kind: 'contained', all: seen.has('all'), names: requests.filter(({ name }) => name !== 'all') };
}

function parseRequest(text: string): NetRequest {
  const [name = '', ...parts] = text.split(':');
  // A value may be a MAC or an IPv6 address.
  const args = parts[0]?.includes('=') === true ? [parts.join(':')] : parts;
  if (name === '') throw invalid('netname must not be empty');
  if (args.length === 1 && (name === 'all' || name === 'host')) {
    throw invalid(`arguments are not supported by special netname ${JSON.stringify(name)}`);
  }
  if (args.length > 1) {
    throw invalid(`network ${JSON.stringify(name)} provided with invalid arguments: [${args.join(' ')}]`);
  }
  return { name, args: args[0] ?? '' };
}

function invalid(message: string): NetworkError {
  return new NetworkError('net-list-invalid', message);
}
