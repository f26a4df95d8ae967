import { badRequest, CliError } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseAll } from './flag-text.ts';

/** All of `--net` as one list, `default` when it was not given. */
export function netOption(flags: FlagValues): string {
  const networks = parseAll(flags, 'net', parseNetworks).flat();
  const names = networks.map((network) => network.split(':')[0]);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new CliError('usage', `found duplicate netname "${twice}"`);
  return networks.length === 0 ? 'default' : networks.join(',');
}

function parseNetworks(text: string): string[] {
  return text.split(',').map((network) => {
    const [name, ...parts] = network.split(':');
    // A value may be a MAC or an IPv6 address.
    const args = parts[0]?.includes('=') === true ? [parts.join(':')] : parts;
    if (!name) throw badRequest('netname must not be empty');
    if (args.length > 1) throw badRequest(`network "${name}" provided with invalid arguments: [${args.join(' ')}]`);
    if (args.length > 0 && (name === 'all' || name === 'host')) {
      throw badRequest(`arguments are not supported by special netname "${name}"`);
    }
    return network;
  });
}

/** That a pod that registers reaches the metadata service. */
export function checkRegistrationWithNet(net: string, mdsRegister: boolean): void {
  if (!mdsRegister || !net.split(',').includes('none')) return;
  throw badRequest("--mds-register flag does not work with --net=none. Please use 'host', 'default' or an equivalent network");
}

/** That the ports have a network to be forwarded from. */
export function checkPortsWithNet(net: string, ports: readonly unknown[]): void {
  if (ports.length === 0) return;
  for (const name of ['none', 'host']) {
    if (net.split(',').includes(name)) throw badRequest(`--port flag does not work with '${name}' networking`);
  }
}
