import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { type Lock, unlessMissing } from '#sys';
import { podFiles } from './layout.ts';

/**
 * The files of a pod through its open directory: they are found wherever another process has moved it.
 */
export class PodDirectory {
  readonly #handle: Lock;
  #open = true;

  constructor(handle: Lock) {
    this.#handle = handle;
  }

  get fd(): number {
    if (!this.#open) throw new Error('the pod is closed');
    return this.#handle.fd;
  }

  get handle(): Lock {
    return this.#handle;
  }

  close(): void {
    this.#open = false;
    this.#handle.release();
  }

  /** The change time of the directory, ns: when the pod came to its phase, once nobody writes in it. */
  changedAt(): bigint {
    return statSync(this.#path('.'), { bigint: true }).ctimeNs;
  }

  text(name: string): string | undefined {
    return unlessMissing(() => readFileSync(this.#path(name), 'utf8'));
  }

  /** As {@link text}, for a file that most pods do not have: an exception costs more than a look. */
  rareText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  /** A decimal number at the start of a file; undefined where there is none (yet). */
  number(name: string): number | undefined {
    const match = /^\s*(-?\d+)/.exec(this.text(name) ?? '');
    return match ? Number(match[1]) : undefined;
  }

  /** ns since the epoch. */
  modifiedAt(name: string): bigint | undefined {
    return statSync(this.#path(name), { bigint: true, throwIfNoEntry: false })?.mtimeNs;
  }

  link(name: string): string | undefined {
    return unlessMissing(() => readlinkSync(this.#path(name)));
  }

  /** Whether there is such a name; a link need not lead anywhere. */
  has(name: string): boolean {
    return lstatSync(this.#path(name), { throwIfNoEntry: false }) !== undefined;
  }

  /**
   * Where a file of the stage1 root file system is: in that directory, or, where an overlay was mounted
   * on it that has gone or is seen only by the pod, in the overlay's upper directory.
   */
  inStage1(name: string): string {
    const direct = `${podFiles.stage1Rootfs}/${name}`;
    if (this.has(direct) || !this.has(podFiles.overlayPrepared)) return direct;
    const treeId = this.text(podFiles.stage1TreeStoreId);
    return treeId === undefined ? direct : `${podFiles.overlayUpper(treeId.trim())}/${name}`;
  }

  /** What has the files that are written into the stage1 root file system, to the host: that directory, or the overlay's upper one. */
  stage1Root(): string {
    const treeId = this.text(podFiles.stage1TreeStoreId)?.trim() ?? '';
    const upper = podFiles.overlayUpper(treeId);
    return treeId !== '' && this.has(upper) ? upper : podFiles.stage1Rootfs;
  }

  #path(name: string): string {
    return `/proc/self/fd/${this.fd}/${name}`;
  }
}
