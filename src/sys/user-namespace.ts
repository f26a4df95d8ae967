import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { IdRange } from './id-range.ts';
import { findProgram, startProgram } from './program.ts';

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
  const unshare = findProgram('unshare');
  if (unshare === undefined) throw new Error('there is no program unshare');
  // cat answers once it is there: unshare has done its work then.
  const child = startProgram(unshare, ['--user', ...(options.network ? ['--net'] : []), '--', 'cat'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  try {
    await answer(child);
    const map = `0 ${shift} ${count}\n`;
    for (const kind of ['uid', 'gid']) writeFileSync(`/proc/${child.pid}/${kind}_map`, map);
    return openNamespaces(child.pid!, options.network);
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
