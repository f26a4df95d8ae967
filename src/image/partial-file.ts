import { createHash } from 'node:crypto';
import { fstatSync, ftruncateSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lock, lockPath, readTextIfExists, writeFileAtomic, writeWhole } from '#sys';
import type { Report } from './context.ts';

const POLL_MS = 200;

/** A file that a download grows in. */
export interface GrowingFile {
  readonly size: number;
  /** What the server called the version of the bytes held; undefined where there is nothing to resume. */
  readonly validator: string | undefined;
  append(chunk: Buffer): void;
  /** Drops the bytes; what comes next is of the version named. */
  reset(validator: string | undefined): void;
}

/** A download that outlives the process that began it; this process alone has it until it lets go. */
export interface PartialFile extends GrowingFile {
  /** For reading and writing. */
  readonly fd: number;
  /** Remembers the version of the bytes without touching them. */
  setVersion(validator: string | undefined): void;
  /** Leaves what it holds for the next process; nothing happens where it is let go of already. */
  release(): void;
  /** As `release`, and nothing is left. */
  remove(): void;
}

/** @param directory of the store's; the store's gc knows names that end in `.partial` */
export async function openPartialFile(
  directory: string,
  url: string,
  report: Pick<Report, 'info'>,
): Promise<PartialFile> {
  const name = `aci-${createHash('sha256').update(url).digest('hex')}`;
  const path = join(directory, `${name}.partial`);
  const lock = await takeLock(path, report);
  return new LockedFile(path, join(directory, `${name}-version.partial`), lock);
}

async function takeLock(path: string, report: Pick<Report, 'info'>): Promise<Lock> {
  for (let told = false; ; ) {
    const lock = lockPath(path, 'file', 'exclusive');
    if (lock !== undefined && isAt(lock.fd, path)) return lock;
    lock?.release();
    if (lock !== undefined) continue;
    if (!told) report.info('image: another rkt instance is downloading this file, waiting...');
    told = true;
    await sleep(POLL_MS);
  }
}

/** Whether the file that was locked still has its name: its holder before may have removed it. */
function isAt(fd: number, path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
}

class LockedFile implements PartialFile {
  readonly #path: string;
  readonly #versionPath: string;
  readonly #lock: Lock;
  #size: number;
  #validator: string | undefined;
  #isReleased = false;

  constructor(path: string, versionPath: string, lock: Lock) {
    this.#path = path;
    this.#versionPath = versionPath;
    this.#lock = lock;
    this.#size = fstatSync(lock.fd).size;
    this.#validator = readTextIfExists(versionPath);
  }

  get fd(): number {
    return this.#lock.fd;
  }

  get size(): number {
    return this.#size;
  }

  get validator(): string | undefined {
    return this.#size === 0 ? undefined : this.#validator;
  }

  append(chunk: Buffer): void {
    writeWhole(this.#lock.fd, chunk, this.#size);
    this.#size += chunk.length;
  }

  reset(validator: string | undefined): void {
    ftruncateSync(this.#lock.fd, 0);
    this.#size = 0;
    this.setVersion(validator);
  }

  setVersion(validator: string | undefined): void {
    this.#validator = validator;
    if (validator === undefined) rmSync(this.#versionPath, { force: true });
    else writeFileAtomic(this.#versionPath, validator);
  }

  release(): void {
    if (this.#isReleased) return;
    if (fstatSync(this.fd).size === 0) return this.remove();
    this.#isReleased = true;
    this.#lock.release();
  }

  remove(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    rmSync(this.#versionPath, { force: true });
    rmSync(this.#path, { force: true });
    this.#lock.release();
  }
}
