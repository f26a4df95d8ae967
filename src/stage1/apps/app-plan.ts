import { type App, type EventHandler, type PodManifest, type RuntimeApp, supplementaryGroupsOf } from '#appc';
import type { IdRange } from '#sys';
import { planEnvironment } from './environment.ts';
import { AppError } from './errors.ts';
import { holdsFiles, makeMountTarget } from './mount-target.ts';
import { planVolumeMounts, type VolumeMount } from './mounts.ts';
import { findAppProgram, KERNEL_MOUNTS, requireProgram } from './program.ts';
import { hostPathOf, resolveInRootfs } from './rootfs-path.ts';
import { makeStandardDirectories } from './standard-directories.ts';
import { resolveGroup, resolveUser } from './user.ts';
import { openVolume } from './volumes.ts';
import { requireWorkingDirectory } from './working-directory.ts';

/** A file or directory of the host to be seen in the app. */
export interface AppMount {
  readonly source: string;
  /** Absolute in the rootfs, without links. */
  readonly target: string;
  readonly readOnly: boolean;
  /** With what is mounted below the source. */
  readonly recursive: boolean;
  /** The source is a device node. */
  readonly device?: { readonly type: 'c' | 'b'; readonly major: number; readonly minor: number };
}

/** Everything a flavor must know to start an app, but for what confines it. */
export interface AppPlan {
  readonly name: string;
  readonly app: App;
  /** Absolute path on the host. */
  readonly rootfs: string;
  readonly readOnlyRootfs: boolean;
  readonly args: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly supplementaryGids: readonly number[];
  readonly mounts: readonly AppMount[];
  /** What runs to its end before the app, and after it. */
  readonly eventHandlers: readonly { readonly name: EventHandler['name']; readonly args: readonly string[] }[];
}

export interface AppPlanInput {
  readonly podDir: string;
  /** The app's root file system, mounted already. */
  readonly rootfs: string;
  readonly manifest: PodManifest;
  readonly app: RuntimeApp;
  /** The users of the pod's user namespace; ids of a plan are those inside, of files those outside. */
  readonly users?: IdRange;
  /** What SELinux is to know the pod's files by. */
  readonly label?: string | undefined;
  readonly terminal?: string;
  readonly metadataUrl?: string;
  /** What the image's own app says, where the image came from a Docker registry. */
  readonly dockerApp?: () => Pick<App, 'user' | 'group' | 'workingDirectory'> | undefined;
  readonly warn: (text: string) => void;
  /** For who looks for a mistake; absent: nobody does. */
  readonly debug?: (text: string) => void;
}

/**
 * What an app of the pod runs, as whom, where and with which mounts. Reads the app's rootfs, makes the
 * pod's empty volumes, the places of mounts and the directories that every app has.
 *
 * @throws {AppError}
 */
export function planApp(input: AppPlanInput): AppPlan {
  const { rootfs, app: runtimeApp } = input;
  const app = requireApp(runtimeApp);
  makeStandardDirectories(rootfs, rootOf(input));
  const environment = planEnvironment({
    appName: runtimeApp.name,
    environment: app.environment ?? [],
    ...(input.terminal === undefined ? {} : { terminal: input.terminal }),
    ...(input.metadataUrl === undefined ? {} : { metadataUrl: input.metadataUrl }),
  });
  const cwd = app.workingDirectory || '/';
  const path = environment.get('PATH');
  const args = planArguments(input, app.exec, cwd, path);
  const eventHandlers = (app.eventHandlers ?? []).map(({ name, exec }) => ({ name, args: planArguments(input, exec, cwd, path) }));
  const mounts = planVolumeMounts(runtimeApp, input.manifest.volumes ?? []).map((mount) => planMount(input, mount));
  for (const [program = ''] of [args, ...eventHandlers.map((handler) => handler.args)]) requireProgram(rootfs, program, mounts);
  if (!isMadeByDocker(input, cwd)) requireWorkingDirectory(rootfs, cwd, mounts);
  const user = planUser(input);
  return {
    name: runtimeApp.name,
    app,
    rootfs,
    readOnlyRootfs: runtimeApp.readOnlyRootFS ?? false,
    args,
    environment,
    cwd,
    ...user,
    mounts,
    eventHandlers,
  };
}

/** As whom an app runs. @throws {AppError} 'user-not-found', 'group-not-found' */
export function planUser(input: Pick<AppPlanInput, 'rootfs' | 'app' | 'users' | 'dockerApp'>): Pick<AppPlan, 'uid' | 'gid' | 'supplementaryGids'> {
  const app = requireApp(input.app);
  const uid = resolveUser(input.rootfs, app.user, input.users);
  return { uid, gid: groupOf(input, app, uid), supplementaryGids: supplementaryGidsOf(input) };
}

function requireApp({ app, name }: RuntimeApp): App {
  if (app !== undefined) return app;
  throw new AppError('no-app', `app "${name}" says nothing to execute`);
}

/** Who owns what is made in the app's name. */
function rootOf({ users }: AppPlanInput): number {
  return users?.shift ?? 0;
}

function supplementaryGidsOf({ rootfs, app, users }: Pick<AppPlanInput, 'rootfs' | 'app' | 'users'>): number[] {
  const groups = supplementaryGroupsOf(app).map((group) => resolveGroup(rootfs, group, users));
  return [...new Set([...(app.app?.supplementaryGIDs ?? []), ...groups])];
}

function planArguments(input: AppPlanInput, exec: readonly string[], cwd: string, path: string | undefined): string[] {
  const [program, ...rest] = exec;
  if (program === undefined) {
    const image = input.app.image.name ?? input.app.name;
    throw new AppError('no-exec', `image "${image}" has an empty "exec" (try --exec=BINARY)`);
  }
  return [findAppProgram(input.rootfs, program, cwd, path), ...rest];
}

/** Docker makes the working directory of an image where it is missing, and images rely on that; not one that is asked for. */
function isMadeByDocker(input: AppPlanInput, cwd: string): boolean {
  return cwd !== '/' && input.dockerApp?.()?.workingDirectory === cwd;
}

/** A lone user of a Docker image is its own group, unless that is overridden. */
function groupOf(input: Pick<AppPlanInput, 'rootfs' | 'users' | 'dockerApp'>, app: App, uid: number): number {
  try {
    return resolveGroup(input.rootfs, app.group, input.users);
  } catch (error) {
    const image = input.dockerApp?.();
    if (image !== undefined && image.user === image.group && image.group === app.group) return uid;
    throw error;
  }
}

function planMount(input: AppPlanInput, mount: VolumeMount): AppMount {
  const fromImage = mount.implicit && input.dockerApp?.() !== undefined;
  if (mount.implicit) warnOfImplicit(input, mount, fromImage);
  const content = fromImage ? hostPathOf(input.rootfs, mount.path) : undefined;
  const { path: source, stat } = openVolume(input.podDir, mount.volume, { users: input.users, label: input.label, content });
  const planned: AppMount = {
    source,
    target: resolveInRootfs(input.rootfs, mount.path),
    readOnly: mount.readOnly,
    recursive: stat.isDirectory() && (mount.volume.recursive ?? true),
  };
  if (input.debug !== undefined && holdsFiles(input.rootfs + planned.target)) {
    input.debug(`volume "${mount.volume.name}" covers what the image of app "${input.app.name}" has at "${mount.path}"`);
  }
  if (!KERNEL_MOUNTS.some((place) => planned.target.startsWith(`${place}/`))) makeMountTarget(input.rootfs, planned.target, stat, rootOf(input));
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return planned;
  const type = stat.isBlockDevice() ? 'b' : 'c';
  return { ...planned, device: { type, ...deviceNumbers(stat.rdev) } };
}

function warnOfImplicit({ app, warn }: AppPlanInput, { volume }: VolumeMount, fromImage: boolean): void {
  const name = volume.name.slice(app.name.length + 1);
  warn(`warning: no volume specified for mount point "${name}", implicitly creating an "empty" volume. This volume will be removed when the pod is garbage-collected.`);
  if (fromImage) warn(`Docker converted image, initializing implicit volume with data contained at the mount point "${name}".`);
}

/** The halves of a device number, as major(3) and minor(3) find them. */
function deviceNumbers(device: number): { major: number; minor: number } {
  const high = Math.floor(device / 2 ** 32);
  return {
    major: ((device >>> 8) & 0xfff) | (high & ~0xfff),
    minor: (device & 0xff) | ((device >>> 12) & 0xfff00),
  };
}
