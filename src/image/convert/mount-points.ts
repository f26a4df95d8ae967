import { posix } from 'node:path';
import { type AcName, type MountPoint, sanitizeAcName } from '#appc';

/** Mount points for the volumes of an OCI configuration, named `volume-<path>` and sorted by name. */
export function planMountPoints(paths: readonly string[]): MountPoint[] {
  const used = new Map<string, number>();
  const points = paths.toSorted().map((path) => ({ name: nameOf(path, used), path: posix.join('/', path) }));
  return points.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Two paths may have the same name after sanitizing: the second gets `-1`, the third `-2`. */
function nameOf(path: string, used: Map<string, number>): AcName {
  const name = sanitizeAcName(posix.join('volume', path));
  const count = used.get(name) ?? 0;
  used.set(name, count + 1);
  return count === 0 ? name : sanitizeAcName(`${name}-${count}`);
}
