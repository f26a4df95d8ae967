import { chmodSync, chownSync, mkdirSync, rmSync, type Stats, statSync } from 'node:fs';
import type { Volume } from '#appc';
import { findProgram, type IdRange, outsideId, runProgramSync, setSelinuxLabels } from '#sys';
import { AppError } from './errors.ts';

/** Relative to the pod's directory. */
const SHARED_VOLUMES = 'sharedVolumes';
const DEFAULT_MODE = '0755';

/** What an empty volume is like when it is made. */
export interface EmptyVolume {
  /** Its owner is one of these, where the pod has a user namespace. */
  readonly users: IdRange | undefined;
  /** For SELinux. */
  readonly label: string | undefined;
  /** A directory whose owner, mode and files it gets. */
  readonly content: string | undefined;
}

/** Where an app's volume is on the host, ready to be bound. */
export interface VolumeSource {
  readonly path: string;
  readonly stat: Stats;
}

/**
 * Finds a host volume, or makes an empty one in the pod's directory with its mode and owner; an empty
 * volume that another app of the pod has made already is taken as it is.
 *
 * @throws {AppError} 'volume-source-missing', 'bad-volume'
 */
export function openVolume(podDir: string, volume: Volume, filling: EmptyVolume): VolumeSource {
  const path = volume.kind === 'host' ? hostSource(volume) : makeEmptyVolume(podDir, volume, filling);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined) return { path, stat };
  throw new AppError('volume-source-missing', `Failed to stat ${path}: No such file or directory`, {
    hint: `volume "${volume.name}" must exist on the host before the pod starts`,
  });
}

/** Removes empty volumes, with what is in them. */
export function removeEmptyVolumes(podDir: string, names: readonly string[]): void {
  for (const name of names) rmSync(`${podDir}/${SHARED_VOLUMES}/${name}`, { recursive: true, force: true });
}

function hostSource(volume: Volume): string {
  if (volume.source?.startsWith('/')) return volume.source;
  throw new AppError('bad-volume', `source of host volume "${volume.name}" must be an absolute path`);
}

function makeEmptyVolume(podDir: string, volume: Volume, { users, label, content }: EmptyVolume): string {
  const mode = volume.mode ?? DEFAULT_MODE;
  if (!/^[0-7]{1,5}$/.test(mode)) {
    throw new AppError('bad-volume', `invalid mode "${mode}" for volume "${volume.name}"`);
  }
  const directory = `${podDir}/${SHARED_VOLUMES}`;
  const path = `${directory}/${volume.name}`;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  if (makeOnce(path)) {
    const [uid, gid] = [volume.uid ?? 0, volume.gid ?? 0].map((id) => (users === undefined ? id : outsideId(users, id)));
    chownSync(path, uid!, gid!);
    chmodSync(path, Number.parseInt(mode, 8));
    if (content !== undefined) fill(path, content);
    if (label !== undefined) setSelinuxLabels(path, label);
  }
  return path;
}

function fill(volume: string, content: string): void {
  if (!statSync(content, { throwIfNoEntry: false })?.isDirectory()) return;
  const { status, stderr } = runProgramSync(findProgram('cp') ?? 'cp', ['--archive', '--', `${content}/.`, volume]);
  if (status !== 0) throw new AppError('bad-volume', `error copying image files to empty volume "${volume}": ${stderr.trim()}`);
}

function makeOnce(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
