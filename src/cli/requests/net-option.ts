import { parseNetList } from '#network';
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { parseAll } from './flag-text.ts';

/** All of `--net` as one list that `parseNetList` reads, `default` when it was not given. */
export function netOption(flags: FlagValues): string {
  const values: string[] = [];
  parseAll(flags, 'net', (text) => {
    values.push(text);
    parseNetList(values);
  });
  return values.length === 0 ? 'default' : values.join(',');
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
