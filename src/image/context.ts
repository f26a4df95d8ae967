import type { Config } from '#config';
import type { FillLayer, LayerInput, Self, Store } from '#store';
import type { InsecureOptions } from './insecure-options.ts';
import type { Credentials } from './registry/credentials.ts';
import type { RegistryPlace } from './registry/registry-places.ts';
import type { Keystore } from './trust/keystore.ts';

/** Bytes of one download: `done` of `total` (undefined where the server did not say). */
export interface ProgressEvent {
  readonly kind: 'layer' | 'aci' | 'upload';
  /** A layer's digest, or the URL of an ACI. */
  readonly id: string;
  readonly done: number;
  readonly total: number | undefined;
}

/** Where the room tells what it does. Texts carry their prefix (`image: …`) and no line end. */
export interface Report {
  info(text: string): void;
  /** Shown with `--debug` only. */
  debug(text: string): void;
  progress(event: ProgressEvent): void;
}

export interface ImageContext {
  /** How this program is started again, confined, to download and to verify. */
  readonly self: Self;
  readonly store: Store;
  readonly config: Config;
  readonly insecure: InsecureOptions;
  readonly report: Report;
  readonly keystore: Keystore;
  /** Keys fetched over https are trusted without asking. */
  readonly trustKeysFromHttps: boolean;
  /** Asks a person; left out where there is none to ask (no terminal). */
  readonly confirm?: (text: string) => Promise<boolean>;
}

/** What pulling an image of a registry takes; narrower than a store, so that another process can offer it. */
export interface PullContext {
  readonly insecure: InsecureOptions;
  readonly report: Report;
  readonly store: Pick<Store, 'hasLayer'> & {
    addLayer(input: LayerInput, source: FillLayer): Promise<void>;
    importLayers(image: Parameters<Store['importLayers']>[0]): Promise<void>;
  };
  readonly keystore: Pick<Keystore, 'keysFor'>;
  /** Where the image can be had, in the order to ask. */
  readonly places: readonly RegistryPlace[];
  /** For one of the places. */
  credentials(registry: string): Promise<Credentials | undefined>;
}

export type PullPolicy = 'never' | 'new' | 'update';

export interface FindOptions {
  readonly pullPolicy: PullPolicy;
  /** A detached signature on this machine (`--signature`). */
  readonly signatureFile?: string;
}
