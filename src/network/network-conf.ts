import { NetworkError } from './errors.ts';

/** A network's configuration (CNI spec, "Network configuration"), and the bytes its plugin is to read. */
export interface NetworkConf {
  readonly name: string;
  /** The base name of its file, which decides the order of the networks. */
  readonly fileName: string;
  readonly text: string;
  readonly plugins: readonly PluginConf[];
  /** Pods on it reach the outside by the host's address. */
  readonly ipMasq: boolean;
}

/** One plugin of the chain and what it reads on standard input, before what its run adds to that. */
export interface PluginConf {
  readonly type: string;
  readonly input: string;
}

/** @throws {NetworkError} `configuration-invalid`, naming `path` */
export function parseNetworkConf(path: string, text: string): NetworkConf {
  const conf = parseObject(path, text);
  const name = textOf(conf, 'name');
  // The name becomes a directory of leases: as CNI has it, no path.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) throw invalid(path, `bad or no network name ${JSON.stringify(name)}`);
  const type = textOf(conf, 'type');
  if (type === '' || type.includes('/')) throw invalid(path, `bad or no plugin type ${JSON.stringify(type)}`);
  return {
    name,
    fileName: path.slice(path.lastIndexOf('/') + 1),
    text,
    plugins: [{ type, input: text }],
    ipMasq: conf['ipMasq'] === true,
  };
}

function parseObject(path: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(path, (cause as Error).message);
  }
  if (typeof value !== 'object' || value === null) throw invalid(path, 'not a JSON object');
  return value as Record<string, unknown>;
}

function textOf(conf: Record<string, unknown>, key: string): string {
  return typeof conf[key] === 'string' ? conf[key] : '';
}

function invalid(path: string, detail: string): NetworkError {
  return new NetworkError('configuration-invalid', `error loading ${path}: ${detail}`);
}
