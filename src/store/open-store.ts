import { existsSync } from 'node:fs';
import { makeContext, type StoreContext } from './context.ts';
import { gcBlobs } from './gc/gc-blobs.ts';
import { gcImages } from './gc/gc-images.ts';
import { gcLayers } from './gc/gc-layers.ts';
import { gcTrees } from './gc/gc-trees.ts';
import { findImageByName, getImage, listImages, readEvidence, readManifestText, removeImage, touchImage, writeEvidence } from './image-records.ts';
import { endImageUses } from './image-use.ts';
import { holdLayer } from './layer/hold-layer.ts';
import { checkLayers } from './layer/check-layers.ts';
import { importLayers } from './layer/import-layers.ts';
import { PartialFile } from './layer/partial-file.ts';
import { makeStoreDirectory } from './modes.ts';
import { packFiles } from './pack/pack-files.ts';
import { readRemote, removeRemote, writeRemote } from './remotes.ts';
import { resolveImageId } from './resolve.ts';
import { makeTemporaryDirectory, removeLeftovers } from './temporary.ts';
import { imagesBelow, openTree, renderAgain, treeIdOf, treeOf, verifyTree } from './tree/image-tree.ts';
import type { Store, StoreOptions } from './types.ts';

/** Opens the store of a data directory. Nothing is made or read until it must be; there is nothing to close. */
export function openStore(dataDir: string, options: StoreOptions = {}): Store {
  const context = makeContext(dataDir, options);
  return { ...images(context), ...imports(context), ...trees(context), ...collection(context) };
}

function images({ layout }: StoreContext) {
  return {
    resolve: (idPrefix) => resolveImageId(layout, idPrefix),
    get: (id) => getImage(layout, id),
    list: () => listImages(layout),
    findByName: (name, labels) => findImageByName(layout, name, labels),
    touch: (id) => touchImage(layout, id),
    remove: (id) => removeImage(layout, id),
    readManifestText: (id) => readManifestText(layout, id),
    blobPath: (id) => (getImage(layout, id)?.kind === 'aci' && existsSync(layout.blob(id)) ? layout.blob(id) : undefined),
    checkLayers: (id) => checkLayers(layout, id),
    readEvidence: (id) => readEvidence(layout, id),
    writeEvidence: (id, text) => writeEvidence(layout, id, text),
    readRemote: (url) => readRemote(layout, url),
    writeRemote: (record) => writeRemote(layout, record),
    removeRemote: (url) => removeRemote(layout, url),
  } satisfies Partial<Store>;
}

/** What takes in archives is loaded when it is needed: a pod that is run from held images pays nothing. */
function imports(context: StoreContext) {
  return {
    importAci: async (path) => (await import('./aci/import-aci.ts')).importAci(context, path),
    importLayers: (image) => importLayers(context, image),
    hasLayer: (diffId) => holdLayer(context, diffId),
    addLayer: async (input, source) => (await import('./layer/add-layer.ts')).addLayer(context, input, source),
    partialLayer: (digest) => new PartialFile(context.layout, digest),
    scratch: () => makeTemporaryDirectory(context.layout, 'scratch'),
    temporaryDirectory: () => {
      makeStoreDirectory(context.layout.root, context.layout.temporary);
      return context.layout.temporary;
    },
  } satisfies Partial<Store>;
}

function trees(context: StoreContext) {
  return {
    tree: async (id) => treeOf(context, id),
    imagesBelow: (id) => imagesBelow(context, id),
    treeId: (id) => treeIdOf(context, id),
    openTree: (treeId) => openTree(context, treeId),
    verifyTree: async (id) => verifyTree(context, id),
    verifyBlob: async (id) => (await import('./aci/verify-blob.ts')).verifyBlob(context, id),
    verifyContent: async (id) => {
      const { verifyBlob } = await import('./aci/verify-blob.ts');
      for (const each of imagesBelow(context, id)) await verifyBlob(context, each);
      await treeOf(context, id);
      await verifyTree(context, id);
    },
    renderAgain: async (id) => renderAgain(context, id),
    pack: (source, options) => packFiles(context, source, options),
    extractAci: async (id, rootfs) => (await import('./tree/aci-tree.ts')).extractAci(context, id, rootfs),
  } satisfies Partial<Store>;
}

function collection(context: StoreContext) {
  return {
    gcTrees: (referenced) => gcTrees(context, referenced),
    gcImages: (referenced, gracePeriodMs) => {
      endImageUses(context);
      return gcImages(context.layout, referenced, gracePeriodMs);
    },
    gcLeftovers: (referenced) => {
      gcBlobs(context.layout);
      gcLayers(context, referenced);
      removeLeftovers(context.layout);
    },
  } satisfies Partial<Store>;
}
