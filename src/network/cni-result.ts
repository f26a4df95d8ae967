import { parseIp } from '#appc';
import { quoted } from '#errors';
import { NetworkError } from './errors.ts';

export interface Dns {
  readonly nameservers: readonly string[];
  readonly domain?: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** What is looked up where, by the word of a network; absent: by that of the host. */
export interface NetworkDns extends Dns {
  readonly network?: string;
}

/** What a plugin gave the pod, whichever version of the CNI spec it answered in. */
export interface CniResult {
  /** `172.16.28.2/24`, the IPv4 ones first. */
  readonly addresses: readonly Address[];
  /** Absent where the plugin named none of its parts. */
  readonly dns?: Dns;
}

export interface Address {
  readonly ip: string;
  readonly prefixLength: number;
  readonly gateway?: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * A plugin's answer to ADD: `ip4`/`ip6` of CNI 0.1 and 0.2, `ips` of 0.3 and later. An empty answer is an
 * interface without an address.
 *
 * @throws {NetworkError} `result-invalid`
 */
export function parseCniResult(text: string): CniResult {
  const result = text.trim() === '' ? {} : parseJson(text);
  const old = [result['ip4'], result['ip6']].filter(isObject).map((each) => address(each['ip'], each['gateway']));
  const ips = Array.isArray(result['ips']) ? result['ips'].filter(isObject) : [];
  const addresses = [...old, ...ips.map((each) => address(each['address'], each['gateway']))];
  const dns = isObject(result['dns']) ? parseDns(result['dns']) : undefined;
  return {
    addresses: [...addresses.filter(isIpv4), ...addresses.filter((each) => !isIpv4(each))],
    ...(dns === undefined ? {} : { dns }),
  };
}

function parseJson(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new NetworkError('result-invalid', `error parsing ${quoted(text)}`, { cause });
  }
  if (isObject(value)) return value;
  throw new NetworkError('result-invalid', `not a CNI result: ${quoted(text)}`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function address(cidr: unknown, gateway: unknown): Address {
  const [, text = '', digits] = /^([^/]+)\/(\d{1,3})$/.exec(typeof cidr === 'string' ? cidr : '') ?? [];
  const ip = parseIp(text);
  const prefixLength = Number(digits);
  if (ip === undefined || prefixLength > (ip.includes(':') ? 128 : 32)) {
    throw new NetworkError('result-invalid', `not an address with a prefix length: ${JSON.stringify(cidr)}`);
  }
  return { ip, prefixLength, ...gatewayOf(gateway) };
}

function gatewayOf(value: unknown): Pick<Address, 'gateway'> {
  if (typeof value !== 'string' || value === '') return {};
  const gateway = parseIp(value);
  if (gateway === undefined) throw new NetworkError('result-invalid', `not the address of a gateway: ${JSON.stringify(value)}`);
  return { gateway };
}

export function isIpv4(address: Pick<Address, 'ip'>): boolean {
  return !address.ip.includes(':');
}

/** A word is what resolv.conf(5) may hold: the network's server of DHCP, of which a plugin has it, is anybody. */
function parseDns(dns: Json): Dns | undefined {
  const isWord = (value: unknown): value is string => typeof value === 'string' && /^[^\s\p{Cc}]+$/u.test(value);
  const list = (key: string): string[] => (Array.isArray(dns[key]) ? dns[key].filter(isWord) : []);
  const [nameservers, search, options] = [list('nameservers'), list('search'), list('options')];
  const domain = isWord(dns['domain']) ? dns['domain'] : '';
  if (domain === '' && nameservers.length + search.length + options.length === 0) return undefined;
  return { nameservers, search, options, ...(domain === '' ? {} : { domain }) };
}

/** An IPv4 prefix length as the dotted mask of net-info.json. */
export function dottedMask(prefixLength: number): string {
  const bits = prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}
