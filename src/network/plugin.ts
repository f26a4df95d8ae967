import { lstatSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '#errors';
import { runProgram } from '#sys';
import { NetworkError } from './errors.ts';
import { shown } from './shown.ts';

/** In the environment rkt speaks one version, whatever the configuration is written in. */
const CNI_VERSION = '0.1.0';
const USER_PLUGINS = '/usr/lib/rkt/plugins/net';
/** Relative to the pod's directory, which is the working directory of every plugin. */
const STAGE1_PLUGINS = 'stage1/rootfs/usr/lib/rkt/plugins/net';
/** Where distributions put the plugins of the CNI project: Debian, Fedora, everybody else. */
const SYSTEM_PLUGINS = ['/usr/lib/cni', '/usr/libexec/cni', '/opt/cni/bin'];
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What the plugins of one interface of one pod are told, besides their configuration. */
export interface PluginContext {
  readonly podDir: string;
  /**
   * The descriptor that holds the pod's lock. What runs for the pod inherits it, so that a pod whose rkt was
   * killed is not collected before the plugin has done what it is about to do.
   */
  readonly lockFd: number | undefined;
  readonly uuid: string;
  readonly localConfigDir: string;
  /** Empty: the namespace is gone. */
  readonly netns: string;
  readonly ifName: string;
  readonly args: string;
}

/**
 * The directories of plugins, the user's first.
 *
 * rkt's stage1 images carry plugins of their own and CNI_PATH ends with that directory. A stage1 without
 * any gets a link there to the system's, so that the path is the same to whoever reads it.
 */
export function pluginDirectories(podDir: string, localConfigDir: string): string[] {
  const directories = [`${localConfigDir}/net.d`, USER_PLUGINS, STAGE1_PLUGINS];
  const system = SYSTEM_PLUGINS.filter(exists);
  if (system.length === 0 || exists(`${podDir}/${STAGE1_PLUGINS}`)) return directories;
  return linkSystemPlugins(podDir, system[0]!) ? directories : [...directories, ...system];
}

function linkSystemPlugins(podDir: string, target: string): boolean {
  // Whatever an image put below usr might lead out of the pod.
  if (lstatSync(`${podDir}/stage1/rootfs/usr`, { throwIfNoEntry: false }) !== undefined) return false;
  const link = `${podDir}/${STAGE1_PLUGINS}`;
  try {
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link);
    return true;
  } catch {
    // A read-only stage1: the longer path finds the plugins too.
    return false;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** The path of a plugin, relative where its directory is. @throws {NetworkError} `plugin-not-found` */
export function findPlugin(type: string, podDir: string, directories: readonly string[]): string {
  for (const directory of directories) {
    const path = `${directory}/${type}`;
    if (statSync(resolve(podDir, path), { throwIfNoEntry: false })?.isFile() === true) return path;
  }
  throw new NetworkError('plugin-not-found', `could not find plugin ${JSON.stringify(type)}`, {
    hint: `looked in ${directories.join(', ')}; Debian has it in the package containernetworking-plugins`,
  });
}

export type CniCommand = 'ADD' | 'DEL' | 'CHECK';

/** The environment of a plugin (CNI spec, "Parameters"), in the version that rkt speaks. */
export function planPluginEnv(command: CniCommand, context: PluginContext, directories: readonly string[]): Record<string, string> {
  return {
    CNI_VERSION,
    CNI_COMMAND: command,
    CNI_CONTAINERID: context.uuid,
    CNI_NETNS: context.netns,
    CNI_ARGS: context.args,
    CNI_IFNAME: context.ifName,
    CNI_PATH: directories.join(':'),
  };
}

export interface PluginRun {
  readonly type: string;
  /** Where it was found; it is found anew when this is empty or nothing is there. */
  readonly path: string;
  readonly input: string;
}

/**
 * Runs one plugin and gives what it printed. It is looked for again where it is not at its `path` any more,
 * as when the stage1 image that had it is unmounted.
 *
 * @throws {NetworkError} `plugin-not-found`, `plugin-failed` with what the plugin said
 */
export async function runPlugin(
  command: CniCommand,
  plugin: PluginRun,
  context: PluginContext,
): Promise<{ stdout: string; stderr: string }> {
  const { podDir, localConfigDir, lockFd } = context;
  const directories = pluginDirectories(podDir, localConfigDir);
  const known = plugin.path !== '' && exists(resolve(podDir, plugin.path));
  const path = known ? plugin.path : findPlugin(plugin.type, podDir, directories);
  return start({ ...plugin, path: resolve(podDir, path) }, planPluginEnv(command, context, directories), podDir, lockFd);
}

/**
 * Runs a plugin for a network as a whole, for no pod (CNI spec, "GC").
 *
 * @throws {NetworkError} as {@link runPlugin}
 */
export async function runPluginForNetwork(command: 'GC', plugin: Omit<PluginRun, 'path'>, localConfigDir: string): Promise<void> {
  const directories = [`${localConfigDir}/net.d`, USER_PLUGINS, ...SYSTEM_PLUGINS.filter(exists)];
  const path = findPlugin(plugin.type, '/', directories);
  await start({ ...plugin, path }, { CNI_VERSION, CNI_COMMAND: command, CNI_PATH: directories.join(':') }, '/');
}

async function start(
  { type, path, input }: PluginRun,
  parameters: Readonly<Record<string, string>>,
  cwd: string,
  inherit?: number,
): Promise<{ stdout: string; stderr: string }> {
  const { status, stdout, stderr } = await runProgram(path, [], {
    input,
    cwd,
    ...(inherit === undefined ? {} : { inherit }),
    env: { PATH: SYSTEM_PATH, ...process.env, ...parameters },
  }).catch((cause: unknown) => {
    throw new NetworkError('plugin-failed', `plugin ${path} does not run: ${messageOf(cause)}`, { cause });
  });
  if (status === 0) return { stdout, stderr };
  throw new NetworkError('plugin-failed', `plugin ${type}: ${describeFailure(status, stdout, stderr)}`);
}

/** What a plugin that failed said: the error object of the CNI spec, or whatever it printed. */
export function describeFailure(status: number, stdout: string, stderr: string): string {
  const printed = shown(stderr);
  try {
    const { msg, details } = JSON.parse(stdout) as { msg?: unknown; details?: unknown };
    if (typeof msg !== 'string') throw new Error('no message');
    const said = [msg, details].filter((text) => typeof text === 'string').map(shown);
    return [...said, printed].filter((text) => text !== '').join('; ');
  } catch {
    const text = [shown(stdout), printed].filter((each) => each !== '').join('; ');
    return `exit status ${status}${text === '' ? '' : `: ${text}`}`;
  }
}
