import type { TreeMount } from '#stage1/abi';
import { prepareOwnMounts, unshareMounts } from '#sys';

/**
 * The mounts of a pod, in a mount namespace of its own, which may be made early, while network plugins work. Those are
 * started with the mounts of the host: a daemon that one leaves behind would hold the pod's.
 */
export class EarlyMounts {
  readonly #make: (trees: readonly TreeMount[]) => void;
  readonly #areThere: boolean;
  #enterPrepared: (() => void) | undefined;

  /** @param areThere this process has mounts of the pod's own already, and stays there */
  constructor(make: (trees: readonly TreeMount[]) => void, areThere = false) {
    this.#make = make;
    this.#areThere = areThere;
  }

  /** Never throws: what fails is tried again by {@link enter}, which says so. */
  prepare(trees: readonly TreeMount[]): void {
    if (this.#areThere) return;
    try {
      this.#enterPrepared = prepareOwnMounts(() => this.#make(trees));
    } catch {
      this.#enterPrepared = undefined;
    }
  }

  /** From here on this process has the pod's mounts. */
  enter(trees: readonly TreeMount[]): void {
    if (this.#enterPrepared !== undefined) return this.#enterPrepared();
    if (!this.#areThere) unshareMounts();
    this.#make(trees);
  }
}
