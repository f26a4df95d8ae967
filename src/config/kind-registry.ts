import { isAbsolute } from 'node:path';
import type { RegistryConfig, Settings } from './config.ts';
import { ConfigError } from './config-error.ts';
import { listField, stringField } from './field.ts';

type Fields = Readonly<Record<string, unknown>>;

const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(?::[1-9][0-9]{0,4})?$/;
const PATH_PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const INSECURE = ['http', 'tls'];

/** Kind registry: mirrors of some registries, and how they are connected to. */
export function parseRegistry(value: Fields, settings: Settings): void {
  const registries = listField(value, 'registries', 'no registries specified');
  const insecure = optionalList(value, 'insecure');
  const unknown = insecure.find((word) => !INSECURE.includes(word));
  if (unknown !== undefined) throw new ConfigError('bad-file', `unknown insecure option "${unknown}" (must be "http" or "tls")`);
  const config: RegistryConfig = {
    mirrors: optionalList(value, 'mirrors').map(checkMirror),
    http: insecure.includes('http'),
    tls: insecure.includes('tls'),
    caFile: parseCaFile(value),
  };
  for (const registry of registries) {
    if (!HOST.test(registry)) throw new ConfigError('bad-file', `"${registry}" is not a registry: it is written HOST or HOST:PORT`);
    if (settings.registries.has(registry)) throw new ConfigError('duplicate', `registry "${registry}" is already specified`);
    settings.registries.set(registry, config);
  }
}

function optionalList(value: Fields, name: string): string[] {
  const field = Object.hasOwn(value, name) ? value[name] : undefined;
  const isEmpty = field === undefined || field === null || (Array.isArray(field) && field.length === 0);
  return isEmpty ? [] : listField(value, name, '');
}

function checkMirror(mirror: string): string {
  const slash = mirror.indexOf('/');
  const host = slash === -1 ? mirror : mirror.slice(0, slash);
  if (HOST.test(host) && (slash === -1 || mirror.slice(slash + 1).split('/').every((part) => PATH_PART.test(part)))) return mirror;
  throw new ConfigError('bad-file', `"${mirror}" is not a mirror: it is written HOST[:PORT][/PATH]`);
}

function parseCaFile(value: Fields): string | undefined {
  const path = stringField(value, 'caFile') ?? '';
  if (path === '') return undefined;
  if (!isAbsolute(path)) throw new ConfigError('bad-file', 'caFile must be an absolute path');
  return path;
}
