import { accessSync, constants, readFileSync } from 'node:fs';
import { call, cPath, tryCall } from './linux.ts';

const F_SETFD = 2;
const FD_CLOEXEC = 1;
const SIG_DFL = 0n;
const SIG_SETMASK = 2;
const SIGPIPE = 13;
const SIGXFSZ = 25;
const RLIMIT_NOFILE = 7;
const DEFAULT_SOFT_NOFILE = 1024n;
const DEFAULT_HARD_NOFILE = 524288n;

/** A program to become. Descriptors above 2 are closed unless they are in `keepFds`. */
export interface Invocation {
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly keepFds?: readonly number[];
  /** What is its root directory (chroot(2)); `path` and `cwd` are in there. */
  readonly root?: string;
  /** As whom it runs; of capabilities such a user has none. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
}

/** Lets a descriptor survive execve(2); Node opens all of them close-on-exec. */
export function keepOnExec(fd: number, keep = true): void {
  call('fcntl', `descriptor ${fd}`, fd, F_SETFD, keep ? 0n : BigInt(FD_CLOEXEC));
}

/**
 * Replaces this process, same pid, by another program (execve(2)).
 *
 * What Node changed of the process is put back first: SIGPIPE and SIGXFSZ are no longer ignored, no
 * signal is blocked, and the soft limit of open files is what the caller had.
 *
 * @throws ENOENT or EACCES where the program cannot be executed; the process then goes on as it was, but for a root
 * directory and a user that were asked for
 */
export function becomeProcess(invocation: Invocation): never {
  const { root, user } = invocation;
  if (root === undefined) accessSync(invocation.path, constants.X_OK);
  restoreOpenFileLimit();
  if (root !== undefined) call('chroot', root, cPath(root));
  if (invocation.cwd !== undefined) process.chdir(invocation.cwd);
  for (const fd of invocation.keepFds ?? []) keepOnExec(fd);
  restoreSignals();
  if (user !== undefined) becomeUser(user);
  process.execve!(invocation.path, [...invocation.argv], { ...invocation.env });
  throw new Error(`execve ${invocation.path} returned`);
}

function becomeUser({ gid, groups, uid }: NonNullable<Invocation['user']>): void {
  process.setgroups!([gid, ...groups]);
  process.setgid!(gid);
  process.setuid!(uid);
}

function restoreSignals(): void {
  for (const signal of [SIGPIPE, SIGXFSZ]) tryCall('signal', signal, SIG_DFL);
  call('sigprocmask', '', SIG_SETMASK, Buffer.alloc(128), null);
}

/** Node raises the soft limit to the hard one at start and does not tell what it was: the parent knows. */
function restoreOpenFileLimit(): void {
  const own = openFileLimit('self');
  if (own === undefined) return;
  const parent = process.ppid === 1 ? undefined : openFileLimit(String(process.ppid));
  const soft =
    parent?.hard === own.hard ? parent.soft : own.hard === DEFAULT_HARD_NOFILE ? DEFAULT_SOFT_NOFILE : own.hard;
  const limit = Buffer.alloc(16);
  limit.writeBigUInt64LE(soft, 0);
  limit.writeBigUInt64LE(own.hard, 8);
  tryCall('setrlimit', RLIMIT_NOFILE, limit);
}

function openFileLimit(pid: string): { soft: bigint; hard: bigint } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/limits`, 'utf8');
  } catch {
    return undefined;
  }
  const match = /^Max open files\s+(\d+)\s+(\d+)/m.exec(text);
  return match ? { soft: BigInt(match[1]!), hard: BigInt(match[2]!) } : undefined;
}
