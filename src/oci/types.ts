import type { Digest } from './digest.ts';
import type { Platform } from './platform.ts';

/** OCI image-spec, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
}

/** OCI image-spec, manifest.md, and Docker's image manifest version 2, schema 2. */
export interface OciManifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  /** Base first. */
  readonly layers: readonly Descriptor[];
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** OCI image-spec, image-index.md, and Docker's manifest list. */
export interface OciIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The part of OCI image-spec, config.md, that says how to run an image, under the names it has there. */
export interface OciRunConfig {
  /** `NAME=value`. */
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  /** `user`, `uid`, `user:group`, `uid:gid`; names and numbers mix. */
  readonly User?: string;
  readonly WorkingDir?: string;
  /** `80/tcp`, `53/udp`, `80`. */
  readonly ExposedPorts?: readonly string[];
  /** Paths in the image. */
  readonly Volumes?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: OciHealthcheck;
}

/** Docker's image specification, v1.2; OCI has none. Times in nanoseconds; 0 and absent are the same. */
export interface OciHealthcheck {
  /** `NONE`, `CMD` and words, or `CMD-SHELL` and a line. */
  readonly Test: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly Retries?: number;
}

export interface OciHistory {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export interface OciConfig extends Platform {
  readonly created?: string;
  readonly author?: string;
  /** Empty when the image has none. */
  readonly config: OciRunConfig;
  /** Digests of the uncompressed layers, base first. */
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history: readonly OciHistory[];
}
