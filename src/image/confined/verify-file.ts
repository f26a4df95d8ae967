import { type AcIdentifier, type ImageManifest, type Label, parseAcIdentifier } from '#appc';
import type { ImageContext } from '../context.ts';
import type { Signer, VerifiedAci } from '../trust/verify-aci.ts';
import { badMessage, checkObject, checkText, printable } from './messages.ts';
import { runWorker } from './run-worker.ts';

export interface VerifiedFile extends VerifiedAci {
  /** In the ACI's manifest. */
  readonly name: AcIdentifier;
}

type Found = Pick<ImageManifest, 'name' | 'labels'>;

/**
 * Verifies an open file by the keys trusted for the name in it: by a process that has but this one file, and no network.
 *
 * @param signature undefined: only its manifest is looked at, and there are no signers
 * @param check is given the manifest before the signature is judged, and throws where it is another image's
 * @throws {ImageError} as `verifyAci`
 */
export async function verifyFile(
  fd: number,
  signature: Buffer | undefined,
  check: (manifest: Found) => void,
  ctx: ImageContext,
): Promise<VerifiedFile> {
  let found: Found | undefined;
  const value = await runWorker({
    self: ctx.self,
    report: ctx.report,
    fd,
    request: {
      kind: 'verify-aci',
      allowLegacy: ctx.config.trust.allowLegacyPgp,
      keystore: ctx.keystore.dirs,
      ...(signature === undefined ? {} : { signature: signature.toString('base64') }),
    },
    handlers: { manifest: (manifest) => check((found = checkFound(manifest))) },
  });
  const { signers, problems } = checkObject(value);
  if (found === undefined || !Array.isArray(signers) || !Array.isArray(problems)) throw badMessage();
  if (signature !== undefined && signers.length === 0) throw badMessage();
  return { name: found.name, signers: signers.map(checkSigner), problems: problems.map((text) => printable(checkText(text))) };
}

function checkFound(value: unknown): Found {
  const { name, labels } = checkObject(value);
  if (!Array.isArray(labels)) throw badMessage();
  return { name: parseAcIdentifier(checkText(name)), labels: labels.map(checkLabel) };
}

function checkLabel(value: unknown): Label {
  const { name, value: text } = checkObject(value);
  return { name: checkText(name) as Label['name'], value: checkText(text) };
}

function checkSigner(value: unknown): Signer {
  const { fingerprint, identities } = checkObject(value);
  if (!Array.isArray(identities)) throw badMessage();
  return { fingerprint: checkText(fingerprint), identities: identities.map((text) => printable(checkText(text))) };
}
