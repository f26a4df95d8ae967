import type { Engine, PodUsageView } from '#stage0';
import { type PodUsage, usageBetween } from './output/usage.ts';
import { withPod } from './requests/pod-argument.ts';

/** Measures, one time after the other, what pods use; of each measurement it can tell what has been used since the last. */
export class UsageSamples {
  readonly #engine: Engine;
  /** Undefined: all pods that run. */
  #wanted: ReadonlySet<string> | undefined;
  #last: readonly PodUsageView[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The first measurement, of these pods or of all. Throws for a pod that does not run. */
  async begin(pods: readonly string[]): Promise<readonly PodUsage[]> {
    this.#last = await withPod('problem retrieving pod', () => this.#engine.usage(pods));
    if (pods.length > 0) this.#wanted = new Set(this.#last.map(({ uuid }) => uuid));
    return usageBetween([], this.#last);
  }

  /** A measurement more; pods that have ended are left out. */
  async next(): Promise<readonly PodUsage[]> {
    const wanted = this.#wanted;
    const all = await this.#engine.usage([]);
    const now = wanted === undefined ? all : all.filter(({ uuid }) => wanted.has(uuid));
    const usage = usageBetween(this.#last, now);
    this.#last = now;
    return usage;
  }

  /** Pods were given, and none of them runs any more. */
  get isOver(): boolean {
    return this.#wanted !== undefined && this.#last.length === 0;
  }
}
