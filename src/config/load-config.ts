import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { unlessMissing } from '#sys';
import { type Config, type ConfigDirs, emptySettings, makeConfig, type Settings } from './config.ts';
import { ConfigError } from './config-error.ts';
import { parseConfigFile } from './parse-config-file.ts';

/** The kinds of files each directory may hold. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'auth.d': ['auth', 'dockerAuth'],
  'paths.d': ['paths'],
  'registries.d': ['registry'],
  'stage1.d': ['stage1'],
  'trust.d': ['trust'],
};

/**
 * Reads the configuration. Directories that are not there say nothing.
 *
 * @throws {ConfigError}
 */
export function loadConfig(dirs: ConfigDirs): Config {
  const merged = emptySettings();
  for (const dir of [dirs.systemDir, dirs.localDir, dirs.userDir]) {
    if (dir !== '') mergeSettings(merged, readConfigDir(dir));
  }
  return makeConfig(merged, dirs);
}

/** Credentials of the machine are not for every user: what one may not read says nothing. */
function readIfAllowed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return undefined;
    throw error;
  }
}

/** What one directory says: two files of it may not say the same thing. */
function readConfigDir(dir: string): Settings {
  const settings = emptySettings();
  if (!isDirectory(dir)) return settings;
  for (const [name, kinds] of Object.entries(KINDS)) {
    for (const path of configFiles(`${dir}/${name}`)) {
      const text = readIfAllowed(path);
      if (text !== undefined) parseConfigFile({ path, text, kinds }, settings);
    }
  }
  return settings;
}

/** The regular files `*.json` directly in a directory, sorted; links and directories are left alone. */
function configFiles(dir: string): string[] {
  if (!isDirectory(dir)) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry: Dirent) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => `${dir}/${entry.name}`)
    .sort();
}

function isDirectory(path: string): boolean {
  const found = unlessMissing(() => statSync(path));
  if (found === undefined) return false;
  if (!found.isDirectory()) throw new ConfigError('bad-directory', `expected "${path}" to be a directory`);
  return true;
}

function mergeSettings(target: Settings, later: Settings): void {
  const { auth, dockerAuth, registries, ...single } = later;
  for (const [domain, value] of auth) target.auth.set(domain, value);
  for (const [registry, value] of dockerAuth) target.dockerAuth.set(registry, value);
  for (const [registry, value] of registries) target.registries.set(registry, value);
  Object.assign(target, single);
}
