import type { Settings } from './config.ts';
import { ConfigError } from './config-error.ts';

const FIELDS = ['requireEvidence', 'allowLegacyPgp'] as const;

/** Kind trust: how strictly images are judged. */
export function parseTrust(value: Readonly<Record<string, unknown>>, settings: Settings): void {
  for (const name of FIELDS) {
    const field = Object.hasOwn(value, name) ? value[name] : undefined;
    if (field === undefined) continue;
    if (typeof field !== 'boolean') throw new ConfigError('bad-file', `"${name}" is neither true nor false`);
    if (settings[name] !== undefined) throw new ConfigError('duplicate', `"${name}" is already specified`);
    settings[name] = field;
  }
}
