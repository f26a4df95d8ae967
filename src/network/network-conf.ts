import { messageOf } from '#errors';
import { chooseCniVersion, type CniVersion } from './cni-version.ts';
import { NetworkError } from './errors.ts';

/** A network's configuration (CNI spec, "Network configuration"): a `.conf`, or a `.conflist` of chained plugins. */
export interface NetworkConf {
  readonly name: string;
  /** The base name of its file, which decides the order of the networks. */
  readonly fileName: string;
  readonly text: string;
  readonly cniVersion: CniVersion;
  /** In the order of ADD; never empty, and more than one only of a `.conflist`. */
  readonly plugins: readonly PluginConf[];
  /** Pods on it reach the outside by the host's address. */
  readonly ipMasq: boolean;
  /** Its plugins may be asked to CHECK, and to GC. */
  readonly checks: boolean;
  readonly collects: boolean;
  /** Pods on it find each other by name; the word is podman's. */
  readonly dnsEnabled: boolean;
}

/** One plugin of a network. */
export interface PluginConf {
  readonly type: string;
  /** What it declares that it understands in `runtimeConfig`. */
  readonly capabilities: readonly string[];
  /** It masquerades itself. */
  readonly ipMasq: boolean;
  /** The link that the plugin `bridge` makes where it is not there, with an address of the host. */
  readonly bridge?: string;
  /** What the plugin reads on standard input: its configuration, with what is added at run time. */
  input(additions?: Json): string;
}

export type Json = Readonly<Record<string, unknown>>;

/** @throws {NetworkError} `configuration-invalid`, naming `path` */
export function parseNetworkConf(path: string, text: string): NetworkConf {
  const conf = parseObject(path, text);
  const name = nameIn(path, conf);
  const cniVersion = versionOf(path, conf);
  const chain = path.endsWith('.conflist') ? chainOf(path, conf) : undefined;
  const plugins = chain?.map((plugin) => pluginOf(path, { ...plugin, name, cniVersion })) ?? [pluginOf(path, conf, text)];
  return {
    name,
    fileName: path.slice(path.lastIndexOf('/') + 1),
    text,
    cniVersion,
    plugins,
    ipMasq: plugins.some((plugin) => plugin.ipMasq),
    checks: !isTrue(conf['disableCheck']),
    collects: !isTrue(conf['disableGC']),
    dnsEnabled: isTrue(conf['dns_enabled']),
  };
}

/** The name alone: whoever does not ask for a network is not stopped by what else is wrong with it. @throws as {@link parseNetworkConf} */
export function parseNetworkName(path: string, text: string): string {
  return nameIn(path, parseObject(path, text));
}

function nameIn(path: string, conf: Json): string {
  const name = textOf(conf, 'name');
  // The name becomes a directory of leases: as CNI has it, no path.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) throw invalid(path, `bad or no network name ${JSON.stringify(name)}`);
  return name;
}

function versionOf(path: string, conf: Json): CniVersion {
  try {
    return chooseCniVersion(conf['cniVersion'], conf['cniVersions']);
  } catch (error) {
    throw invalid(path, messageOf(error), error);
  }
}

/** The spec has the two switches as booleans, and older lists as text. */
function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

function chainOf(path: string, conf: Json): readonly Json[] {
  const plugins: unknown = conf['plugins'];
  if (Array.isArray(plugins) && plugins.length > 0 && plugins.every(isObject)) return plugins;
  throw invalid(path, 'no list of plugins');
}

/** With `text` its plugin reads these very bytes, unless something is added. */
function pluginOf(path: string, conf: Json, text?: string): PluginConf {
  const type = textOf(conf, 'type');
  if (type === '' || type.includes('/')) throw invalid(path, `bad or no plugin type ${JSON.stringify(type)}`);
  const isGateway = conf['isGateway'] === true || conf['isDefaultGateway'] === true;
  const declared = isObject(conf['capabilities']) ? conf['capabilities'] : {};
  return {
    type,
    capabilities: Object.keys(declared).filter((name) => declared[name] === true),
    ipMasq: conf['ipMasq'] === true,
    ...(type === 'bridge' && isGateway ? { bridge: textOf(conf, 'bridge') || 'cni0' } : {}),
    input: (additions = {}) =>
      text !== undefined && Object.keys(additions).length === 0 ? text : JSON.stringify({ ...conf, ...additions }),
  };
}

function parseObject(path: string, text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(path, messageOf(error), error);
  }
  if (!isObject(value)) throw invalid(path, 'not a JSON object');
  return value;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(conf: Json, key: string): string {
  return typeof conf[key] === 'string' ? conf[key] : '';
}

function invalid(path: string, detail: string, cause?: unknown): NetworkError {
  const hint = cause instanceof NetworkError ? cause.hint : undefined;
  const options = { ...(cause === undefined ? {} : { cause }), ...(hint === undefined ? {} : { hint }) };
  return new NetworkError('configuration-invalid', `error loading ${path}: ${detail}`, options);
}
