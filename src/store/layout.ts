import type { ImageId } from '#appc';
import { hashHex } from './hash-text.ts';
import type { LayerDigest } from './types.ts';

/** The only place that knows where things are below a data directory. rkt 1.30's names where it had one. */
export interface CasLayout {
  readonly root: string;
  readonly images: string;
  readonly trees: string;
  readonly layers: string;
  /** Layers that are not unpacked. */
  readonly keptLayers: string;
  /** What members of the group may share: partial downloads, locks, and their own unfinished work. */
  readonly temporary: string;
  /** Root's unfinished work, out of everybody's reach. */
  readonly private: string;
  readonly treeRecords: string;
  readonly imageRecords: string;
  image(id: ImageId): string;
  /** Names the tree that an ACI was rendered into. */
  treeOfImage(id: ImageId): string;
  blob(id: ImageId): string;
  manifest(id: ImageId): string;
  /** Who vouched for an image, as the image room writes it. */
  evidence(id: ImageId): string;
  remote(url: string): string;
  imageLock(id: ImageId): string;
  /** Held, shared, by whoever has just taken an image in and is not done with it. */
  imageUse(id: ImageId): string;
  tree(treeId: string): TreeLayout;
  treeRecord(treeId: string): string;
  treeLock(treeId: string): string;
  layer(diffId: LayerDigest): LayerLayout;
  keptLayer(diffId: LayerDigest): KeptLayerLayout;
  layerLock(diffId: LayerDigest): string;
  partial(digest: LayerDigest): string;
}

export interface TreeLayout {
  readonly directory: string;
  readonly rootfs: string;
  /** Hash over content and metadata. */
  readonly hash: string;
  /** There, empty, where the hash is of what the kernel measures of the files: see `tree/seal-tree.ts`. */
  readonly sealed: string;
  /** The image's ID. */
  readonly image: string;
  readonly manifest: string;
  /** Empty; there only when all else is, and durable. */
  readonly rendered: string;
}

export interface LayerLayout {
  readonly directory: string;
  /** The unpacked layer, with overlayfs's whiteouts. */
  readonly diff: string;
  /** The whole diff ID. */
  readonly id: string;
  /** Bytes of the uncompressed archive, decimal. */
  readonly size: string;
  /** Hash over content and metadata of `diff`, made when the layer was first verified, or else when it was sealed. */
  readonly hash: string;
  /** As of a tree. */
  readonly sealed: string;
  /** There, empty, where the layer hides everything below it. */
  readonly opaque: string;
  /** The boot in which the layer was unpacked, as long as it is not known to be durable. */
  readonly boot: string;
}

export interface KeptLayerLayout {
  /** The layer as it came. */
  readonly blob: string;
  /** What it is; there only when the blob is, and durable. */
  readonly description: string;
}

/** Hex digits of a diff ID in a layer's path: short, since an overlay's options must fit one page. */
const LAYER_NAME_LENGTH = 32;

/** With what a temporary name and the suffix add it is below the 255 bytes of a file name. */
const LONGEST_REMOTE_NAME = 200;

export function casLayout(dataDir: string): CasLayout {
  const root = `${dataDir}/cas`;
  const at = (...names: string[]): string => [root, ...names].join('/');
  const sharded = (kind: string, id: ImageId): string => at(kind, 'sha512', id.slice(7, 9), id);
  return {
    root,
    images: at('blob'),
    trees: at('tree'),
    layers: at('layer'),
    keptLayers: at('kept'),
    temporary: at('tmp'),
    private: at('private'),
    treeRecords: at('db', 'tree'),
    imageRecords: at('db', 'image'),
    image: (id) => at('db', 'image', `${id}.json`),
    treeOfImage: (id) => at('db', 'image', `${id}.tree`),
    blob: (id) => sharded('blob', id),
    manifest: (id) => sharded('imageManifest', id),
    evidence: (id) => at('db', 'evidence', `${id}.json`),
    remote: (url) => at('db', 'remote', `${remoteName(url)}.json`),
    imageLock: (id) => at('imagelocks', id),
    imageUse: (id) => at('imagelocks', `${id}.use`),
    tree: (treeId) => treeLayout(at('tree', treeId)),
    treeRecord: (treeId) => at('db', 'tree', `${treeId}.json`),
    treeLock: (treeId) => at('treestorelocks', treeId),
    layer: (diffId) => layerLayout(at('layer', layerName(diffId))),
    keptLayer: (diffId) => ({ blob: at('kept', `${layerName(diffId)}.blob`), description: at('kept', `${layerName(diffId)}.json`) }),
    layerLock: (diffId) => at('tmp', `layer-${layerName(diffId)}.lock`),
    partial: (digest) => at('tmp', `blob-${digest.replace(':', '-')}.partial`),
  };
}

/** A URL as a file name. Hashing needs a library that is slow to load, so only what is too long is hashed. */
function remoteName(url: string): string {
  const name = encodeURIComponent(url);
  return name.length <= LONGEST_REMOTE_NAME ? name : hashHex('sha256', url);
}

export function treeLayout(directory: string): TreeLayout {
  const at = (name: string): string => `${directory}/${name}`;
  return {
    directory,
    rootfs: at('rootfs'),
    hash: at('hash'),
    sealed: at('sealed'),
    image: at('image'),
    manifest: at('manifest'),
    rendered: at('rendered'),
  };
}

export function layerLayout(directory: string): LayerLayout {
  const at = (name: string): string => `${directory}/${name}`;
  return {
    directory,
    diff: at('diff'),
    id: at('id'),
    size: at('size'),
    hash: at('hash'),
    sealed: at('sealed'),
    opaque: at('opaque'),
    boot: at('boot'),
  };
}

export function layerName(diffId: LayerDigest): string {
  return diffId.slice(diffId.indexOf(':') + 1).slice(0, LAYER_NAME_LENGTH);
}
