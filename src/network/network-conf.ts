import { NetworkError } from './errors.ts';

/** A network's configuration (CNI spec, "Network configuration"): a `.conf`, or a `.conflist` of chained plugins. */
export interface NetworkConf {
  readonly name: string;
  /** The base name of its file, which decides the order of the networks. */
  readonly fileName: string;
  readonly text: string;
  /** In the order of ADD; never empty, and more than one only of a `.conflist`. */
  readonly plugins: readonly PluginConf[];
  /** Pods on it reach the outside by the host's address. */
  readonly ipMasq: boolean;
}

/** One plugin of a network. */
export interface PluginConf {
  readonly type: string;
  /** What the plugin reads on standard input, given what the plugins before it answered (JSON). */
  input(prevResult: string): string;
}

type Json = Readonly<Record<string, unknown>>;

/** @throws {NetworkError} `configuration-invalid`, naming `path` */
export function parseNetworkConf(path: string, text: string): NetworkConf {
  const conf = parseObject(path, text);
  const name = textOf(conf, 'name');
  // The name becomes a directory of leases: as CNI has it, no path.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) throw invalid(path, `bad or no network name ${JSON.stringify(name)}`);
  const chain = path.endsWith('.conflist') ? chainOf(path, conf) : undefined;
  return {
    name,
    fileName: path.slice(path.lastIndexOf('/') + 1),
    text,
    plugins: chain?.map((plugin) => chainedPlugin(path, conf, plugin)) ?? [{ type: typeOf(path, conf), input: () => text }],
    ipMasq: (chain ?? [conf]).some((plugin) => plugin['ipMasq'] === true),
  };
}

function chainOf(path: string, conf: Json): readonly Json[] {
  const plugins: unknown = conf['plugins'];
  if (Array.isArray(plugins) && plugins.length > 0 && plugins.every(isObject)) return plugins;
  throw invalid(path, 'no list of plugins');
}

function chainedPlugin(path: string, { name, cniVersion }: Json, plugin: Json): PluginConf {
  const type = typeOf(path, plugin);
  const conf = { ...plugin, name, ...(cniVersion === undefined ? {} : { cniVersion }) };
  return {
    type,
    input: (prevResult) => JSON.stringify(prevResult === '' ? conf : { ...conf, prevResult: JSON.parse(prevResult) as unknown }),
  };
}

function typeOf(path: string, plugin: Json): string {
  const type = textOf(plugin, 'type');
  if (type === '' || type.includes('/')) throw invalid(path, `bad or no plugin type ${JSON.stringify(type)}`);
  return type;
}

function parseObject(path: string, text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(path, (cause as Error).message);
  }
  if (!isObject(value)) throw invalid(path, 'not a JSON object');
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function textOf(conf: Json, key: string): string {
  return typeof conf[key] === 'string' ? conf[key] : '';
}

function invalid(path: string, detail: string): NetworkError {
  return new NetworkError('configuration-invalid', `error loading ${path}: ${detail}`);
}
