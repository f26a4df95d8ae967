import type { Config } from '#config';
import type { ImageContext } from '#image';
import type { Flavor } from '#stage1/abi';
import type { Store } from '#store';
import type { Listener, NetworkState } from './engine.ts';
import type { GlobalOptions } from './requests.ts';

/** The metadata service, as whoever starts and removes pods sees it. Both throw where it cannot be reached. */
export interface MetadataRegistry {
  /** Gives the pod's token. The manifests are JSON. */
  register(uuid: string, manifest: string, apps: readonly { readonly name: string; readonly imageManifest: string }[]): Promise<string>;
  unregister(uuid: string): Promise<void>;
}

/** The networks of the host. */
export interface HostNetworks {
  /** Lets the plugins that can give up what no attachment needs any more. */
  collect(localConfigDir: string): Promise<void>;
  /** Forgets the names of pods that have ended. */
  collectNames(): Promise<void>;
  /** What the plugins of a running pod find. */
  check(pod: { readonly podDir: string; readonly uuid: string; readonly localConfigDir: string }): Promise<readonly NetworkState[]>;
}

/** What the verbs work with; made once by the composition root. Functions are called when first needed. */
export interface EngineParts {
  readonly options: GlobalOptions;
  /** Absolute. */
  readonly dataDir: string;
  readonly listener: Listener;
  /** How this program is started again, before its hidden argument. */
  readonly self: { readonly path: string; readonly args: readonly string[] };
  readonly config: () => Config;
  readonly store: () => Store;
  /** Loads what fetching and verifying need; expensive. */
  readonly images: () => Promise<ImageContext>;
  /** The flavor of a stage1 image of that name: one that is built in, else the image itself. */
  readonly flavor: (stage1Name: string) => Promise<Flavor>;
  readonly metadata: () => Promise<MetadataRegistry>;
  readonly networks: () => Promise<HostNetworks>;
  /** The stage1 image that comes with this rkt: an absolute path. */
  readonly defaultStage1: string;
  /** Where stage1 images are that came with rkt or were put there by whoever installed it. Absolute. */
  readonly stage1Images: string;
}
