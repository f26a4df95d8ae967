import { closeSync, constants, fchmodSync, fstatSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { openPipe, writeWhole } from '#sys';
import type { CasLayout } from '../layout.ts';
import { FILE_MODE, makeStoreDirectory } from '../modes.ts';
import type { GrowingLayer, LayerDigest, PartialLayer } from '../types.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const BYTE = Buffer.of(0);

/** The bytes of a layer that have arrived, in a file that outlives a killed download. */
export class PartialFile implements PartialLayer {
  readonly path: string;
  readonly #layout: CasLayout;

  constructor(layout: CasLayout, digest: LayerDigest) {
    this.#layout = layout;
    this.path = layout.partial(digest);
  }

  get size(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** To be filled and read at the same time. */
  open(): GrowingFile {
    makeStoreDirectory(this.#layout.root, this.#layout.temporary);
    for (;;) {
      const fd = openSync(this.path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
      const stat = fstatSync(fd);
      if (stat.isFile() && stat.nlink === 1) {
        // Whoever of the group goes on with it, whatever the umask.
        if (stat.uid === process.geteuid?.()) fchmodSync(fd, FILE_MODE);
        return new GrowingFile(fd, stat.size);
      }
      // Members of the group may have put anything there.
      closeSync(fd);
      this.discard();
    }
  }

  discard(): void {
    rmSync(this.path, { force: true });
  }
}

/** A file that one process fills while another reads it. */
export class GrowingFile implements GrowingLayer, Disposable {
  readonly fd: number;
  readonly size: number;
  readonly wakeFd: number;
  /** For the reader: the file, and the pipe that says when there is more in it. */
  readonly readFds: readonly [file: number, pipe: number];
  readonly #open: Set<number>;

  constructor(fd: number, size: number) {
    this.fd = fd;
    this.size = size;
    const { readFd, writeFd } = openPipe();
    this.wakeFd = writeFd;
    this.readFds = [openSync(`/proc/self/fd/${fd}`, O_RDONLY), readFd];
    this.#open = new Set([fd, writeFd, ...this.readFds]);
  }

  /** To be called when the reader has been started: the ends that are its own are closed here. */
  handOver(): void {
    this.#close(...this.readFds);
  }

  /** Says that all is there. */
  end(): void {
    this.#close(this.wakeFd);
  }

  [Symbol.dispose](): void {
    this.#close(...this.#open);
  }

  #close(...fds: number[]): void {
    for (const fd of fds) if (this.#open.delete(fd)) closeSync(fd);
  }
}

/** Appends to a layer that is growing, and tells its reader. */
export function appendToLayer({ fd, wakeFd }: Pick<GrowingLayer, 'fd' | 'wakeFd'>, piece: Uint8Array): void {
  writeWhole(fd, piece);
  try {
    writeSync(wakeFd, BYTE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // There is much to read already, or nobody reads any more.
    if (code !== 'EAGAIN' && code !== 'EPIPE') throw error;
  }
}
