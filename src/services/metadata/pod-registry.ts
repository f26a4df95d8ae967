import type { ImageManifest, PodManifest } from '#appc';

export interface RegisteredPod {
  readonly uuid: string;
  /** Whoever knows it is the pod. */
  readonly token: string;
  readonly manifest: PodManifest;
  /** The image of each app that has registered, by the app's name. */
  readonly images: Map<string, ImageManifest>;
}

/** The pods there are, in memory: they come anew after a restart of the machine, and a restarted service knows none. */
export class PodRegistry {
  readonly #byToken = new Map<string, RegisteredPod>();
  readonly #byUuid = new Map<string, RegisteredPod>();

  /** In place of an earlier registration of the pod, whose token then opens nothing. False: the token is another pod's. */
  add(uuid: string, token: string, manifest: PodManifest): boolean {
    const holder = this.#byToken.get(token);
    if (holder !== undefined && holder.uuid !== uuid) return false;
    this.remove(uuid);
    const pod = { uuid, token, manifest, images: new Map<string, ImageManifest>() };
    this.#byToken.set(token, pod);
    this.#byUuid.set(uuid, pod);
    return true;
  }

  byUuid(uuid: string): RegisteredPod | undefined {
    return this.#byUuid.get(uuid);
  }

  byToken(token: string): RegisteredPod | undefined {
    return this.#byToken.get(token);
  }

  /** False: there was none. */
  remove(uuid: string): boolean {
    const pod = this.#byUuid.get(uuid);
    if (pod === undefined) return false;
    this.#byUuid.delete(uuid);
    this.#byToken.delete(pod.token);
    return true;
  }
}
