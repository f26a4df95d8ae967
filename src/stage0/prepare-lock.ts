import { mkdirSync } from 'node:fs';
import { type Lock, type LockMode, lockPath, unlessMissing } from '#sys';

/**
 * The lock between preparing pods (shared) and collecting images (exclusive): while trees go from the store
 * into a pod none of them is collected. Waits for it.
 */
export function lockPreparations(dataDir: string, mode: LockMode): Lock {
  const directory = `${dataDir}/locks`;
  const lock = (): Lock => lockPath(`${directory}/prepareLock`, 'file', mode, { wait: true })!;
  const held = unlessMissing(lock);
  if (held !== undefined) return held;
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  return lock();
}
