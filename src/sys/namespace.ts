import { closeSync, mkdirSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { call } from './linux.ts';
import { MNT_DETACH, MS, mount, unmount } from './mount.ts';

const CLONE_NEWNET = 0x40000000;
const OWN_NETNS = '/proc/thread-self/ns/net';

/**
 * Makes a network namespace, or takes an open one, and keeps it alive by a bind mount at `path` (ip-netns(8)).
 *
 * Only this thread visits the new namespace, and it is back before the function returns.
 */
export function createNetworkNamespace(path: string, open?: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '', { flag: 'wx' });
  const bind = (source: string): void => mount({ source, target: path, type: 'none', flags: MS.BIND });
  try {
    if (open === undefined) inNewNetworkNamespace(() => bind(OWN_NETNS));
    else bind(`/proc/self/fd/${open}`);
  } catch (error) {
    unlinkSync(path);
    throw error;
  }
}

function inNewNetworkNamespace(body: () => void): void {
  const home = openSync(OWN_NETNS, 'r');
  try {
    call('unshare', 'network namespace', CLONE_NEWNET);
    try {
      body();
    } finally {
      call('setns', OWN_NETNS, home, CLONE_NEWNET);
    }
  } finally {
    closeSync(home);
  }
}

/** Undoes {@link createNetworkNamespace}; does nothing where `path` is not there. */
export function removeNetworkNamespace(path: string): void {
  try {
    unmount(path, MNT_DETACH);
  } catch (error) {
    // EINVAL: the file is there but nothing is mounted on it (a crash between the two, or a reboot).
    if (!isCode(error, 'ENOENT', 'EINVAL')) throw error;
  }
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as { code?: string }).code ?? '');
}

/** Runs `body` with this thread in the network namespace bound at `path`; children started in it stay there. */
export function inNetworkNamespace<T>(path: string, body: () => T): T {
  const home = openSync(OWN_NETNS, 'r');
  const target = openSync(path, 'r');
  try {
    call('setns', path, target, CLONE_NEWNET);
    try {
      return body();
    } finally {
      call('setns', OWN_NETNS, home, CLONE_NEWNET);
    }
  } finally {
    closeSync(target);
    closeSync(home);
  }
}
