import { chmodSync, chownSync, mkdirSync } from 'node:fs';

/** What programs rely on, by its mode; rkt has always made these in images that lack them. */
const DIRECTORIES = { tmp: 0o1777, run: 0o755 } as const;

/** Makes the directories every app has. An image's own are left as they are, as is a root that is read-only. */
export function makeStandardDirectories(rootfs: string, owner: number): void {
  for (const [name, mode] of Object.entries(DIRECTORIES)) {
    try {
      mkdirSync(`${rootfs}/${name}`);
      if (owner !== 0) chownSync(`${rootfs}/${name}`, owner, owner);
      chmodSync(`${rootfs}/${name}`, mode);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST' && code !== 'EROFS') throw error;
    }
  }
}
