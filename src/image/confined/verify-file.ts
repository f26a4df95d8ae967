import { type AcIdentifier, parseAcIdentifier } from '#appc';
import type { ImageContext } from '../context.ts';
import type { Signer } from '../trust/verify-aci.ts';
import { badMessage, checkObject, checkText, printable } from './messages.ts';
import { runWorker } from './run-worker.ts';

export interface Verified {
  /** In the ACI's manifest. */
  readonly name: AcIdentifier;
  readonly signer: Signer;
}

/**
 * Verifies an open file by the keys trusted for the name in it: by a process that has but this one file, and no network.
 *
 * @throws {ImageError} as `verifyAci`
 */
export async function verifyFile(fd: number, signature: Buffer, ctx: ImageContext): Promise<Verified> {
  const value = await runWorker({
    self: ctx.self,
    report: ctx.report,
    fd,
    request: { kind: 'verify-aci', signature: signature.toString('base64') },
    handlers: {
      keys: (name) => [...ctx.keystore.keysFor(parseAcIdentifier(checkText(name))).values()],
    },
  });
  const { name, signer } = checkObject(value);
  const { fingerprint, identities } = checkObject(signer);
  if (!Array.isArray(identities)) throw badMessage();
  return {
    name: parseAcIdentifier(checkText(name)),
    signer: { fingerprint: checkText(fingerprint), identities: identities.map((text) => printable(checkText(text))) },
  };
}
