import { execFileSync } from 'node:child_process';
import { chownSync, linkSync, lutimesSync, mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { makeDevice, makeNode, S_IF, setTimes, setXattr } from '#sys';
import { makeRootfs } from './busybox.ts';

/**
 * Makes an OCI layout by umoci with the image `v1`: two layers with all that a file system can hold, the second hiding
 * and replacing what is in the first. Needs root.
 *
 * @returns the directory that umoci makes of the image: what it should unpack to
 */
export function makeRichImage(layout: string, work: string, entrypoint: readonly string[] = ['/bin/sh']): string {
  const umoci = (...args: string[]): void => void execFileSync('umoci', args, { stdio: 'ignore' });
  mkdirSync(work);
  umoci('init', '--layout', layout);
  umoci('new', '--image', `${layout}:v1`);
  umoci('unpack', '--image', `${layout}:v1`, join(work, 'one'));
  fillFirst(join(work, 'one/rootfs'));
  umoci('repack', '--image', `${layout}:v1`, join(work, 'one'));
  umoci('unpack', '--image', `${layout}:v1`, join(work, 'two'));
  changeSecond(join(work, 'two/rootfs'));
  umoci('repack', '--image', `${layout}:v1`, join(work, 'two'));
  const words = entrypoint.flatMap((word) => ['--config.entrypoint', word]);
  umoci('config', '--image', `${layout}:v1`, ...words, '--config.cmd', '-c', '--config.cmd', 'echo from the image', '--config.env', 'A=b=c', '--config.workingdir', '/etc', '--config.exposedports', '53/udp', '--config.label', 'k=v', '--config.user', 'nobody:root');
  umoci('unpack', '--image', `${layout}:v1`, join(work, 'expected'));
  return join(work, 'expected/rootfs');
}

function fillFirst(root: string): void {
  const at = (...names: string[]): string => join(root, ...names);
  makeRootfs(root, { '/gone/file': 'x', '/opaque/old': 'x', '/opaque/sub/deep': 'x', '/old/file': 'x', '/etc/removed': 'x', '/var/data': 'data' });
  linkSync(at('bin/busybox'), at('bin/hard'));
  const long = 'x'.repeat(120);
  mkdirSync(at(long, long), { recursive: true });
  writeFileSync(at(long, long, long), 'long');
  symlinkSync(`${long}/${long}/${long}`, at('long-link'));
  writeFileSync(at('ünïcode ☃'), 'u');
  makeNode(at('null'), S_IF.CHR | 0o666, makeDevice(1, 3));
  makeNode(at('disk'), S_IF.BLK | 0o600, makeDevice(259, 300000));
  makeNode(at('fifo'), S_IF.FIFO | 0o620);
  writeFileSync(at('sparse'), 'begin');
  truncateSync(at('sparse'), 20 << 20);
  writeFileSync(at('attributes'), 'x');
  chownSync(at('attributes'), 3_000_000, 4_000_000);
  setXattr(at('attributes'), 'user.binary', Buffer.from([0, 0xff, 10, 61]));
  writeFileSync(at('capable'), 'x');
  setXattr(at('capable'), 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'));
  writeFileSync(at('setuid'), 'x');
  chownSync(at('setuid'), 1000, 1001);
  chmodSync(at('setuid'), 0o6755);
  setTimes(at('var/data'), 1_577_836_800n, 123_456_789);
  setTimes(at('etc/group'), -315_619_200n, 0);
  lutimesSync(at('long-link'), 1, 1);
  utimesSync(at('tmp'), 5, 5);
}

function changeSecond(root: string): void {
  const at = (...names: string[]): string => join(root, ...names);
  for (const name of ['gone', 'opaque', 'old', 'etc/removed']) rmSync(at(name), { recursive: true });
  mkdirSync(at('opaque'));
  writeFileSync(at('opaque/new'), 'new');
  writeFileSync(at('old'), 'a file in the place of a directory');
  writeFileSync(at('etc/added'), 'added');
  // umoci leaves directories out of a layer that have only another time.
  chmodSync(at('etc'), 0o711);
}
