/** What rkt holds on disk: images, their layers and trees. Crash-safe, for any number of processes at once. */
export { planConfinement, type Self } from './confinement.ts';
export { appendToLayer } from './layer/partial-file.ts';
export { openStore } from './open-store.ts';
export { StoreError, type StoreErrorCode } from './store-error.ts';
export type { ArchiveLimits } from './tar/limits.ts';
export type { ArchivedFile, ArchiveIndex, FileToArchive } from './archives.ts';
export { loadArchives } from './load-archives.ts';
export type {
  FillLayer,
  GrowingLayer,
  LayerDigest,
  LayerInput,
  LayerSource,
  PackOptions,
  PackSource,
  PartialLayer,
  RemoteRecord,
  Store,
  StoredImage,
  StoreOptions,
  Tree,
} from './types.ts';
export { UNPACK_COMMAND } from './unpack/protocol.ts';
export { unpackerMain } from './unpack/unpacker-main.ts';
