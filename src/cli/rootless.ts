/** How a user who is not root runs rkt: as root of a user namespace of one's own ids (docs/rootless.md). */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { loadConfig } from '#config';
import { openPod } from '#pod';
import { becomeProcess, findProgram, passedDescriptors, readTextIfExists, ROOTLESS_VARIABLE, unlessMissing } from '#sys';
import { CliError } from './cli-error.ts';
import { configDirs, findSelf } from './engine.ts';
import { chooseDataDir } from './own-directories.ts';
import type { CommandLine } from './parse/command-line.ts';
import { globalOptions } from './requests/global-options.ts';

/** What no owner but the user has to do with: as the user. */
const AS_USER = new Set([
  '', 'help', 'version', 'completion', 'config', 'list', 'status', 'stats', 'top', 'stop', 'cat-manifest', 'image', 'image list', 'image cat-manifest',
  'app', 'app list', 'app status', 'app start', 'app stop', 'metadata-service',
]);
/** What enters a pod that runs: in the namespace that is the pod's. */
const IN_POD = new Set(['enter', 'app add', 'app exec', 'app rm']);

/** As many ids as images may rely on. */
const WANTED_IDS = 65_536;

/**
 * Starts rkt anew, same process, where a command needs to be root and the data directory is the user's own.
 * Returns where it does not.
 *
 * @throws {CliError} 'unprivileged' with what is missing
 */
export function enterUserNamespace(line: CommandLine, argv: readonly string[]): void {
  const command = line.path.slice(1).join(' ');
  if (line.help || AS_USER.has(command)) return;
  const options = globalOptions(line.globals);
  const dataDir = chooseDataDir(options, () => loadConfig(configDirs(options)));
  if (!isOwn(dataDir)) return;
  const self = findSelf();
  const joined = IN_POD.has(command) ? podNamespace(dataDir, line) : undefined;
  const args = joined === undefined ? mapArguments() : [`--join=${joined}`];
  const env = { ...process.env, [ROOTLESS_VARIABLE]: String(process.getuid!()) } as Record<string, string>;
  becomeProcess({ path: self.userns, argv: [self.userns, ...args, '--', self.path, ...self.args, ...argv], env, keepFds: passedDescriptors(process.env) });
}

/** Whether it belongs to the user, or is to be made by the user. */
function isOwn(dataDir: string): boolean {
  const stat = unlessMissing(() => statSync(dataDir));
  return stat === undefined || stat.uid === process.geteuid!();
}

/** The user namespace of a running pod, by its supervisor; undefined where there is none, which the command will find out. */
function podNamespace(dataDir: string, { args, flags }: CommandLine): string | undefined {
  const name = args[0] ?? readTextIfExists(flags.text('uuid-file'))?.trim();
  if (name === undefined) return undefined;
  try {
    using pod = openPod(dataDir, name);
    return pod.state === 'running' && pod.ppid() !== undefined ? `/proc/${pod.ppid()}/ns/user` : undefined;
  } catch {
    return undefined;
  }
}

/** The user is root inside, the ids that the user was given follow. */
function mapArguments(): string[] {
  const [newuidmap, newgidmap] = ['newuidmap', 'newgidmap'].map((name) => {
    const path = findProgram(name);
    if (path !== undefined) return path;
    throw new CliError('unprivileged', `cannot run as unprivileged user: there is no program ${name}`, { hint: 'install the package uidmap' });
  });
  const words = (option: string, own: number, file: string): string[] => {
    const range = findRange(file);
    return [0, own, 1, 1, range.start, range.count].map((number) => `--${option}=${number}`);
  };
  return [
    `--newuidmap=${newuidmap}`,
    `--newgidmap=${newgidmap}`,
    ...words('uid', process.getuid!(), '/etc/subuid'),
    ...words('gid', process.getgid!(), '/etc/subgid'),
  ];
}

/** The first range of the user that is big enough (subuid(5)). */
function findRange(file: string): { start: number; count: number } {
  const { uid, username } = userInfo();
  const text = unlessMissing(() => readFileSync(file, 'utf8')) ?? '';
  for (const line of text.split('\n')) {
    const [owner, start, count] = line.split(':');
    if (owner !== username && owner !== String(uid)) continue;
    if (Number(count) >= WANTED_IDS) return { start: Number(start), count: Number(count) };
  }
  throw new CliError('unprivileged', `cannot run as unprivileged user: ${file} gives ${username} no range of ${WANTED_IDS} ids`, {
    hint: `as root: usermod --add-${file.endsWith('gid') ? 'subgids' : 'subuids'} FIRST-LAST ${username}`,
  });
}
