import { closeSync, openSync, writeFileSync } from 'node:fs';
import { call } from './linux.ts';
import type { IdRange } from './id-range.ts';
import { findProgram, startProgram } from './program.ts';

const F_DUPFD_CLOEXEC = 1030;
/** Above those of a supervisor (native/README.md, `--ns-fd`). */
const LOWEST_HIGH = 200n;

/** Open namespaces; they live as long as somebody has them open or is in them. */
export interface UserNamespace extends Disposable {
  readonly fd: number;
  /** A network namespace that belongs to it, where one was asked for. */
  readonly networkFd?: number;
}

/**
 * Makes a user namespace, users and groups mapped alike. Only a process of one thread can make one, so
 * another program does, and is gone when this returns.
 *
 * @throws Error that says why there is none
 */
export async function createUserNamespace({ shift, count }: IdRange, options: { readonly network: boolean }): Promise<UserNamespace> {
  return inNewNamespaces(['--user', ...(options.network ? ['--net'] : [])], (pid) => {
    for (const kind of ['uid', 'gid']) writeFileSync(`/proc/${pid}/${kind}_map`, `0 ${shift} ${count}\n`);
    return openNamespaces(pid, options.network);
  });
}

/** An open network namespace, new and of our own user namespace, at a high number that nothing else is given. */
export function openNetworkNamespace(): Promise<number> {
  return inNewNamespaces(['--net'], (pid) => {
    const fd = openSync(`/proc/${pid}/ns/net`, 'r');
    const high = call('fcntl', '/proc/PID/ns/net', fd, F_DUPFD_CLOEXEC, LOWEST_HIGH);
    closeSync(fd);
    return high;
  });
}

/** Calls `body` with a process that is in new namespaces, and ends it. */
async function inNewNamespaces<T>(options: readonly string[], body: (pid: number) => T): Promise<T> {
  const unshare = findProgram('unshare');
  if (unshare === undefined) throw new Error('there is no program unshare');
  // cat answers once it is there: unshare has done its work then.
  const child = startProgram(unshare, [...options, '--', 'cat'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    await answer(child);
    return body(child.pid!);
  } finally {
    child.stdin!.end();
    await ended;
  }
}

async function answer(child: import('node:child_process').ChildProcess): Promise<void> {
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.stdin!.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new Error(complaint.trim() || 'unshare ended')));
    child.stdout!.once('data', () => resolve());
    child.stdin!.write('\n');
  });
}

function openNamespaces(pid: number, network: boolean): UserNamespace {
  const fd = openSync(`/proc/${pid}/ns/user`, 'r');
  const networkFd = network ? openSync(`/proc/${pid}/ns/net`, 'r') : undefined;
  return {
    fd,
    ...(networkFd === undefined ? {} : { networkFd }),
    [Symbol.dispose]() {
      for (const each of [fd, networkFd]) if (each !== undefined) closeSync(each);
    },
  };
}
