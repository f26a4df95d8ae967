import { readFileSync } from 'node:fs';
import { findProgram, isWritable } from '#sys';
import { OciStage1Error } from './errors.ts';

const ROOT = '/sys/fs/cgroup';

interface Command {
  /** The program by its path, and its words. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A command that enters a cgroup, without root. The kernel lets a user move a process only where a cgroup above both
 * places is the user's (cgroups(7), delegation): elsewhere, as after a login, the user's systemd is asked for a scope first.
 *
 * @throws {OciStage1Error} 'cgroup'
 */
export function asOneWhoMayEnter(cgroup: string, argv: readonly string[]): Command {
  if (isWritable(`${ROOT}/${commonAbove(cgroup, ownCgroup())}/cgroup.procs`)) return { argv, env: {} };
  const systemdRun = isOfUserManager(cgroup) ? findProgram('systemd-run') : undefined;
  const { XDG_RUNTIME_DIR: directory, DBUS_SESSION_BUS_ADDRESS: bus } = process.env;
  if (systemdRun !== undefined && (directory !== undefined || bus !== undefined)) {
    const env = { ...(directory !== undefined && { XDG_RUNTIME_DIR: directory }), ...(bus !== undefined && { DBUS_SESSION_BUS_ADDRESS: bus }) };
    return { argv: [systemdRun, '--user', '--scope', '--quiet', '--collect', '--', ...argv], env };
  }
  throw new OciStage1Error('cgroup', `cannot enter the app's cgroup, /${cgroup}: this process cannot be moved there`, {
    hint: isOfUserManager(cgroup) ? 'enter from a login that the systemd of the user knows: XDG_RUNTIME_DIR is not set' : 'enter from where the pod was started',
  });
}

/** In what the user's systemd has, it may move the user's processes. */
function isOfUserManager(cgroup: string): boolean {
  const manager = /^.*\/user@\d+\.service(?=\/)/.exec(cgroup)?.[0];
  return manager !== undefined && isWritable(`${ROOT}/${manager}/cgroup.procs`);
}

function ownCgroup(): string {
  return /^0::\/(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '';
}

/** The longest path that both begin with. */
export function commonAbove(one: string, other: string): string {
  const [names, others] = [one.split('/'), other.split('/')];
  const end = names.findIndex((name, at) => name !== others[at]);
  return names.slice(0, end === -1 ? names.length : end).join('/');
}
