import { type ImageManifest, parseImageManifest } from '#appc';
import { parseDigest } from '#oci';
import type { LayerDigest, LayerInput } from '#store';
import type { SignatureRecord } from '../trust/evidence.ts';
import { parseKeyFileName } from '../trust/key-files.ts';
import type { Verified } from '../trust/write-evidence.ts';
import { badMessage, checkCount, checkObject, checkText, printable } from './messages.ts';

const MANIFEST_LIMIT = 8 << 20;
const MOST_LAYERS = 1000;
const COMPRESSIONS: readonly unknown[] = ['none', 'gzip', 'zstd'];

/** What a worker found of signatures. They are judged again by whoever runs the image. */
export function checkVerified(value: unknown): Verified {
  const { signatures, docker } = checkObject(value);
  const { manifest, indexes } = checkObject(docker);
  if (!Array.isArray(signatures) || signatures.length === 0 || !Array.isArray(indexes)) throw badMessage();
  return {
    signatures: signatures.map((signature) => checkRecord(checkObject(signature))),
    docker: { manifest: parseDigest(checkText(manifest)), indexes: indexes.map((index) => checkText(index, MANIFEST_LIMIT)) },
  };
}

function checkRecord(record: Record<string, unknown>): SignatureRecord {
  const { fingerprint, keyFile, kind, keyHash, signer, over } = record;
  const named = parseKeyFileName(checkText(keyFile));
  if (named === undefined || named.kind !== kind || named.fingerprint !== fingerprint) throw badMessage();
  return { ...record, keyHash: checkText(keyHash), signer: printable(checkText(signer)), over: checkText(over) } as SignatureRecord;
}

/** A layer that is to be added. */
export function checkInput(value: unknown): LayerInput {
  const { diffId, digest, size, compression } = checkObject(value);
  if (!COMPRESSIONS.includes(compression)) throw badMessage();
  return {
    diffId: checkDigest(diffId),
    digest: checkDigest(digest),
    compression: compression as LayerInput['compression'],
    ...(size === undefined ? {} : { size: checkCount(size) }),
  };
}

function checkDigest(value: unknown): LayerDigest {
  return parseDigest(checkText(value)) as LayerDigest;
}

/** An image whose layers are held. */
export function checkImage(value: unknown): { manifest: ImageManifest; layers: LayerDigest[] } {
  const { manifest, layers } = checkObject(value);
  if (!Array.isArray(layers) || layers.length > MOST_LAYERS) throw badMessage();
  return { manifest: parseImageManifest(checkText(manifest, MANIFEST_LIMIT)), layers: layers.map(checkDigest) };
}
