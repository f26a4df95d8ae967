import { isAbsolute } from 'node:path';
import type { Settings } from './config.ts';
import { ConfigError } from './config-error.ts';
import { stringField } from './field.ts';

/** Kind paths: where rkt keeps its data, and its stage1 images. */
export function parsePaths(value: Readonly<Record<string, unknown>>, settings: Settings): void {
  const data = pathField(value, 'data', 'data directory', settings.data);
  if (data !== undefined) settings.data = data;
  const images = pathField(value, 'stage1-images', 'stage1 images directory', settings.stage1Images);
  if (images !== undefined) settings.stage1Images = images;
}

function pathField(
  value: Readonly<Record<string, unknown>>,
  name: string,
  what: string,
  earlier: string | undefined,
): string | undefined {
  const path = stringField(value, name) ?? '';
  if (path === '') return undefined;
  if (earlier !== undefined) throw new ConfigError('duplicate', `${what} is already specified`);
  if (!isAbsolute(path)) throw new ConfigError('bad-file', `${what} must be an absolute path`);
  return path;
}
