import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const DETERMINISTIC = [
  '--format=posix',
  '--pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f',
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--xattrs',
];

/**
 * Writes an App Container image: a tar of `manifest` and `rootfs/`, the same bytes for the same input
 * whenever and by whomever it is made.
 *
 * @param rootfs a directory that is called `rootfs`
 */
export function writeAci(path: string, manifest: object, rootfs: string): void {
  const work = mkdtempSync(join(tmpdir(), 'rkt-aci-'));
  try {
    writeFileSync(join(work, 'manifest'), JSON.stringify(manifest));
    const content = ['-C', work, 'manifest', '-C', dirname(resolve(rootfs)), 'rootfs'];
    execFileSync('tar', [...DETERMINISTIC, '-cf', path, ...content], { stdio: ['ignore', 'inherit', 'inherit'] });
  } finally {
    rmSync(work, { recursive: true });
  }
}
