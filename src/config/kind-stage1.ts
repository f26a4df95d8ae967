import { isAbsolute } from 'node:path';
import type { Settings } from './config.ts';
import { ConfigError } from './config-error.ts';
import { stringField } from './field.ts';

const SCHEMES = ['docker', 'file', 'http', 'https'];

/** Kind stage1: the default stage1 image, by name and version, by location, or by both. */
export function parseStage1(value: Readonly<Record<string, unknown>>, settings: Settings): void {
  const name = stringField(value, 'name') ?? '';
  const version = stringField(value, 'version') ?? '';
  const location = stringField(value, 'location') ?? '';
  if (name === '' && version !== '') complain('default stage1 image version specified, but name is missing');
  if (name !== '' && version === '') complain('default stage1 image name specified, but version is missing');
  if (location !== '') checkLocation(location);
  if (name !== '') setName(settings, name, version);
  if (location !== '') setLocation(settings, location);
}

function setName(settings: Settings, name: string, version: string): void {
  if (settings.stage1Name !== undefined) {
    throw new ConfigError('duplicate', 'name and version of a default stage1 image are already specified');
  }
  settings.stage1Name = name;
  settings.stage1Version = version;
}

function setLocation(settings: Settings, location: string): void {
  if (settings.stage1Location !== undefined) {
    throw new ConfigError('duplicate', 'location of a default stage1 image is already specified');
  }
  settings.stage1Location = location;
}

function checkLocation(location: string): void {
  if (isAbsolute(location)) return;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    complain('default stage1 image location is either a relative path or a URL without scheme');
  } else if (!SCHEMES.includes(scheme)) {
    const allowed = SCHEMES.map((name) => `"${name}"`).join(', ');
    complain(`default stage1 image location URL has invalid scheme "${scheme}", allowed schemes are ${allowed}`);
  }
}

function complain(text: string): never {
  throw new ConfigError('bad-file', `invalid stage1 configuration: ${text}`);
}
