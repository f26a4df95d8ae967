import type { AcName, Mount, PodManifest, RuntimeApp, Volume } from '#appc';
import { AppError } from './errors.ts';

/** A volume as one app sees it; `path` as the manifest has it, links not yet resolved. */
export interface VolumeMount {
  readonly volume: Volume;
  readonly path: string;
  readonly readOnly: boolean;
  /** Nobody gave this volume: it was made because the image has a mount point of this name. */
  readonly implicit: boolean;
}

/**
 * Which volume goes where in an app: the pod's `mounts` of the app first, then each mount point of the
 * image that none of them covers, with the pod's volume of its name or else an empty one of its own.
 *
 * What the volume says of `readOnly` goes before what the mount point says.
 *
 * @throws {AppError} 'volume-not-found'
 */
export function planVolumeMounts(app: RuntimeApp, volumes: readonly Volume[]): VolumeMount[] {
  const named = new Map(volumes.map((volume) => [volume.name as string, volume]));
  const points = app.app?.mountPoints ?? [];
  const mounts = app.mounts ?? [];
  const covered = new Set(mounts.map((mount) => mount.path));
  return [
    ...mounts.map((mount) => {
      const volume = volumeOf(mount, named);
      const point = points.find(({ name }) => name === mount.volume);
      return { volume, path: mount.path, readOnly: readOnlyOf(volume, point), implicit: false };
    }),
    ...points
      .filter((point) => !covered.has(point.path))
      .map((point) => {
        const given = named.get(point.name);
        const volume = given ?? implicitVolume(app.name, point.name);
        return { volume, path: point.path, readOnly: readOnlyOf(volume, point), implicit: given === undefined };
      }),
  ];
}

function volumeOf(mount: Mount, named: ReadonlyMap<string, Volume>): Volume {
  const volume = mount.appVolume ?? named.get(mount.volume);
  if (volume === undefined) {
    throw new AppError('volume-not-found', `could not find volume "${mount.volume}"`, {
      hint: `give it with --volume=${mount.volume},kind=host,source=PATH`,
    });
  }
  return volume;
}

function readOnlyOf(volume: Volume, point: { readonly readOnly?: boolean } | undefined): boolean {
  return volume.readOnly ?? point?.readOnly ?? false;
}

/** The volumes that were made for an app alone which is not in the manifest any more. Pure. */
export function orphanedVolumes(app: AcName, points: readonly { readonly name: string }[], manifest: PodManifest): string[] {
  const kept = [...(manifest.volumes ?? []).map(({ name }) => name), ...manifest.apps.flatMap((each) => planVolumeMounts(each, manifest.volumes ?? []).map(({ volume }) => volume.name))];
  return points.map(({ name }) => implicitName(app, name)).filter((name) => !kept.includes(name));
}

function implicitName(app: string, point: string): Volume['name'] {
  return `${app}-${point}` as Volume['name'];
}

function implicitVolume(app: string, point: string): Volume {
  return { name: implicitName(app, point), kind: 'empty', mode: '0755', uid: 0, gid: 0 };
}
