import type { Config } from '#config';
import type { ImageContext } from '#image';
import type { Flavor } from '#stage1/abi';
import type { Store } from '#store';
import type { Listener } from './engine.ts';
import type { GlobalOptions } from './requests.ts';

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
  /** The built-in flavor of that stage1 image name; undefined when it is not one of ours. */
  readonly flavor: (stage1Name: string) => Promise<Flavor | undefined>;
  /** The stage1 image that comes with this rkt: an absolute path. */
  readonly defaultStage1: string;
}
