import type { AcIdentifier, ImageId, ImageManifest, Label } from '#appc';
import type { IdRange } from '#sys';
import type { Self } from './confinement.ts';
import type { ArchiveLimits } from './tar/limits.ts';
import type { Compression } from './unpack/protocol.ts';

/** `sha256:` or `sha512:` and lower case hex: as OCI and Docker name blobs and layers. */
export type LayerDigest = `sha256:${string}` | `sha512:${string}`;

export interface StoredImage {
  readonly id: ImageId;
  readonly name: AcIdentifier;
  readonly labels: readonly Label[];
  /** Parsed when it is first asked for. @throws {StoreError} `image-damaged` */
  readonly manifest: ImageManifest;
  /** Nanoseconds since the epoch. */
  readonly importTime: bigint;
  readonly lastUsed: bigint;
  /** Bytes on disk: an ACI with its rendered tree, or the unpacked layers as their archives were. */
  readonly size: number;
  readonly kind: 'aci' | 'layers';
  /** Diff IDs, the base first; only of a layered image. */
  readonly layers?: readonly LayerDigest[];
}

/** A root file system ready to be an overlay's lower directories. */
export interface Tree {
  /** `deps-sha512-<64 hex>` for an ACI, `layers-sha512-<64 hex>` for a layered image. */
  readonly id: string;
  /** Absolute, the top one first. */
  readonly lowerDirs: readonly string[];
}

/** What is remembered of a URL that an image came from. */
export interface RemoteRecord {
  readonly url: string;
  readonly etag?: string;
  /** Seconds, from Cache-Control. */
  readonly maxAge?: number;
  /** Nanoseconds since the epoch. */
  readonly downloadTime: bigint;
  readonly blobKey: ImageId;
  readonly signatureUrl?: string;
}

export interface LayerInput {
  /** Of the uncompressed archive. */
  readonly diffId: LayerDigest;
  /** Of the bytes as they arrive. */
  readonly digest: LayerDigest;
  /** Bytes as they arrive; absent where it is not known. */
  readonly size?: number;
  readonly compression: Compression;
}

/** The bytes of a layer that an interrupted download left. */
export interface PartialLayer {
  readonly path: string;
  /** Bytes held; 0 where nothing is. */
  readonly size: number;
  /** Forgets them. */
  discard(): void;
}

/** A file that a layer's bytes are appended to, by `appendToLayer`; these descriptors may be another process's. */
export interface GrowingLayer {
  readonly fd: number;
  /** Bytes that were there before. */
  readonly size: number;
  /** A pipe that takes a byte whenever the file has grown, so that who reads it looks again. */
  readonly wakeFd: number;
}

/** Where a layer's bytes come from. */
export type LayerSource = AsyncIterable<Uint8Array> | FillLayer;

/**
 * Called once the layer is locked: appends its bytes from `file.size` on. It settles when all are there, or soon after
 * the signal.
 */
export type FillLayer = (file: GrowingLayer, signal: AbortSignal) => Promise<void>;

/** Files to be packed: one layer with its whiteouts, or directories laid over each other, the top one first. */
export type PackSource = { readonly layer: LayerDigest } | { readonly directories: readonly string[] };

export interface PackOptions {
  /** The name of the root directory in the archive: `rootfs`, `.`. */
  readonly name: string;
  /** A file of root's that comes first: an ACI's manifest. */
  readonly first?: { readonly name: string; readonly text: string };
  /** The files are those of a user namespace: owners in the range become what they are in it. */
  readonly users?: IdRange;
}

export interface StoreOptions {
  /** How this program is started: the unpacker is the same program with a hidden first argument. */
  readonly self?: Self;
  /** Unpackers at work at once; the number of processors, at most 3, where it is not given. */
  readonly unpackers?: number;
  readonly limits?: Partial<ArchiveLimits>;
}

/**
 * The images that are held in a data directory.
 *
 * Any number of processes may use it at once, and each may be killed at any moment: what is found here is whole.
 * All methods that change something are idempotent. Errors are {@link StoreError}s; those of the system come through.
 */
export interface Store {
  /**
   * The image that an ID or the beginning of one means.
   *
   * @throws {StoreError} `no image IDs found`, `image ID too short` (fewer than two hex digits), `ambiguous image ID`
   */
  resolve(idPrefix: string): ImageId;
  get(id: ImageId): StoredImage | undefined;
  /** In the order of import. */
  list(): StoredImage[];
  /** The latest import of that name whose labels include all that are asked for. */
  findByName(name: AcIdentifier, labels?: readonly Label[]): StoredImage | undefined;
  /** Notes that an image is used now. */
  touch(id: ImageId): void;
  /** Forgets an image. Trees and layers stay until {@link Store.gc}, for the pods that use them. */
  remove(id: ImageId): void;
  /** The image manifest as it was imported. @throws {StoreError} `no-image` */
  readManifestText(id: ImageId): string;
  /** Checks that a layered image's manifest and layers are those its ID names. @throws {StoreError} `image-damaged` */
  checkLayers(id: ImageId): void;
  /** The uncompressed archive of an ACI, byte for byte as imported; undefined for a layered image. */
  blobPath(id: ImageId): string | undefined;

  /** What was written down about who vouched for an image; undefined where nothing was. */
  readEvidence(id: ImageId): string | undefined;
  /** Replaces it, whole or not at all. Nothing happens where there is no such image. */
  writeEvidence(id: ImageId, text: string): void;

  readRemote(url: string): RemoteRecord | undefined;
  writeRemote(record: RemoteRecord): void;
  removeRemote(url: string): void;

  /**
   * Takes in an ACI from a local file, compressed by anything or nothing. It may be hostile: it is read to its
   * end and checked before it is held.
   */
  importAci(path: string): Promise<StoredImage>;
  /** Where a downloaded file may grow before it is imported: on the store's file system, collected by gc. */
  temporaryDirectory(): string;
  /** A directory there of the caller's own, kept from gc and gone when it is disposed of. */
  scratch(): { readonly path: string } & Disposable;
  /**
   * Takes in an image of layers that are all held, and makes them durable.
   *
   * @throws {StoreError} `missing-layer`
   */
  importLayers(image: { manifest: ImageManifest; layers: readonly LayerDigest[] }): StoredImage;
  /** Whether a layer is held whole. If so it is kept from gc until `importLayers` or the end of the process. */
  hasLayer(diffId: LayerDigest): boolean;
  /**
   * Unpacks a layer while it arrives, and verifies size, digest and diff ID. Where the layer is held, or another
   * caller (of any process) is at it and succeeds, the source is left alone.
   */
  addLayer(input: LayerInput, source: LayerSource): Promise<void>;
  partialLayer(digest: LayerDigest): PartialLayer;

  /** The root file system of an image, rendered first where need be, and kept from gc until this process ends. */
  tree(id: ImageId): Promise<Tree>;
  /**
   * The image and all that its tree is made of, each once.
   *
   * @throws {StoreError} `no-image`, `missing-dependency`
   */
  imagesBelow(id: ImageId): ImageId[];
  /** The tree an image has or would have. @throws {StoreError} `no-image`, `missing-dependency` */
  treeId(id: ImageId): string;
  /** What `tree` gave, by its ID alone: also of an image that has been removed. Undefined where it is gone. */
  openTree(treeId: string): Tree | undefined;
  /**
   * Checks a rendered tree against the hash made when it was rendered; each layer against the hash made when it was
   * first verified, which this is where none was made. Reads everything.
   *
   * @returns `recorded` where a hash was made: there was nothing to compare that layer with
   * @throws {StoreError} `tree-changed`
   */
  verifyTree(id: ImageId): Promise<'verified' | 'recorded'>;
  /** Checks that the document or archive an image is named after has that name still, and its manifest. @throws {StoreError} `image-damaged` */
  verifyBlob(id: ImageId): Promise<void>;
  /** Both, for the image and those below it. */
  verifyContent(id: ImageId): Promise<void>;
  /** Renders an image's tree anew. */
  renderAgain(id: ImageId): Promise<Tree>;

  /**
   * A tar archive of files, made while it is read: owners, modes, times, links, devices, extended attributes and
   * holes. The same files give the same bytes on every machine.
   *
   * @throws {StoreError} `missing-layer`, and while it is read `pack-failed`
   */
  pack(source: PackSource, options: PackOptions): AsyncIterable<Buffer>;
  /** Unpacks the files of an ACI alone, without its dependencies, into an empty directory of that name. */
  extractAci(id: ImageId, rootfs: string): Promise<void>;

  /** Removes ACI trees that no pod refers to and nobody has open. @returns their IDs */
  gcTrees(referencedTreeIds: ReadonlySet<string>): string[];
  /**
   * Removes images that no pod refers to and were not used for the given time, but none that a living process
   * has just taken in (this one is done with its own). @returns their IDs
   */
  gcImages(referencedImageIds: ReadonlySet<string>, gracePeriodMs: number): ImageId[];
  /** Removes layers that no image and no referenced tree has, and what killed processes left in cas/tmp. */
  gcLeftovers(referencedTreeIds: ReadonlySet<string>): void;
}
