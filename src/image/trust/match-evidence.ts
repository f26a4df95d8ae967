import { createHash } from 'node:crypto';
import { messageOf } from '#errors';
import { parseManifest } from '#oci';
import type { StoredImage } from '#store';
import { ImageError } from '../image-error.ts';
import { asFoundSignature, type Evidence, type SignatureRecord } from './evidence.ts';
import type { Keystore } from './keystore.ts';
import { verifySignature } from './verify-signature.ts';
import { textHash } from './write-evidence.ts';

const MANIFEST_HASH = 'appc.io/docker/manifesthash';

/** Checks that evidence is of an image as the store has it. @throws {ImageError} evidence-mismatch */
export function matchEvidence(image: StoredImage, manifestText: string, evidence: Evidence): void {
  if (evidence.image !== image.id) mismatch(`it is of image ${evidence.image}`);
  if (evidence.manifestHash !== textHash('sha512', manifestText)) mismatch('the image manifest is not the one that was verified');
  if (evidence.name !== image.manifest.name) mismatch(`it is for the name "${evidence.name}"`);
  if ((image.kind === 'layers') !== (evidence.docker !== undefined)) mismatch('it is of another kind of image');
  if (evidence.docker === undefined) {
    const other = evidence.signatures.find(({ over }) => over !== image.id);
    if (other !== undefined) mismatch(`a signature is over ${other.over}`);
    return;
  }
  const recorded = image.manifest.annotations?.find(({ name }) => name === MANIFEST_HASH)?.value;
  if (recorded !== evidence.docker.manifest) mismatch(`it is of the manifest ${evidence.docker.manifest}`);
}

/**
 * Checks a signature of a registry's image again, as it was kept.
 *
 * @throws {ImageError} evidence-mismatch
 */
export async function recheckSignature(
  record: SignatureRecord,
  evidence: Evidence,
  keystore: Pick<Keystore, 'keysFor'>,
  thorough: boolean,
): Promise<void> {
  const digests = digestsOf(evidence);
  try {
    const claim = { name: evidence.name, digests, quick: !thorough };
    const { digest } = await verifySignature(asFoundSignature(record), claim, keystore);
    if (digest !== record.over) throw new Error(`it is over ${digest}`);
  } catch (error) {
    mismatch(`the signature by ${record.fingerprint} is not good: ${messageOf(error)}`);
  }
}

/** The manifest's digest, and those of the indexes, each of which must name the next. */
function digestsOf({ docker }: Evidence): string[] {
  const digests: string[] = [docker!.manifest];
  for (const text of docker!.indexes.toReversed()) {
    const bytes = Buffer.from(text, 'base64');
    const parsed = readIndex(bytes);
    const next = digests[0]!;
    if (parsed.kind !== 'index' || !parsed.manifests.some(({ digest }) => digest === next)) mismatch(`no index leads to ${next}`);
    const algorithm = next.slice(0, next.indexOf(':'));
    digests.unshift(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
  }
  return digests;
}

function readIndex(bytes: Buffer): ReturnType<typeof parseManifest> {
  try {
    return parseManifest(bytes);
  } catch (error) {
    mismatch(`an index that led to the manifest is none: ${messageOf(error)}`);
  }
}

function mismatch(problem: string): never {
  throw new ImageError('evidence-mismatch', problem);
}
