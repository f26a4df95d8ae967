import { accessSync, constants } from 'node:fs';
import type { Config } from '#config';
import type { GlobalOptions } from '#stage0';
import { isRootless } from '#sys';

const SYSTEM_DATA_DIR = '/var/lib/rkt';
const NAME = 'rkt';

/** Whether rkt works for a user who is not root, as such or as root of one's user namespace. */
export function isOwnUser(): boolean {
  return process.geteuid?.() !== 0 || isRootless();
}

/** The data directory: as the command line or the configuration says, else the machine's, else the user's own. */
export function chooseDataDir({ dataDir }: GlobalOptions, config: () => Config): string {
  return dataDir ?? config().paths.data ?? defaultDataDir();
}

/** That of the machine for root, and for those who may look into it: members of group rkt. */
function defaultDataDir(): string {
  if (!isOwnUser() || (!isRootless() && isAccessible(SYSTEM_DATA_DIR))) return SYSTEM_DATA_DIR;
  return ownDirectory('XDG_DATA_HOME', '.local/share');
}

/** Empty: none; root has none unless told. */
export function defaultUserConfigDir(): string {
  return isOwnUser() ? ownDirectory('XDG_CONFIG_HOME', '.config') : '';
}

/** XDG Base Directory Specification: a relative path in the variable does not count. */
function ownDirectory(variable: string, fallback: string): string {
  const base = process.env[variable] ?? '';
  return `${base.startsWith('/') ? base : `${home()}/${fallback}`}/${NAME}`;
}

function home(): string {
  const given = process.env['HOME'] ?? '';
  return given.startsWith('/') ? given : process.getBuiltinModule('node:os').homedir();
}

function isAccessible(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
