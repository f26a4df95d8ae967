import { readAciManifest } from '../trust/aci-name.ts';
import { openKeystore } from '../trust/keystore.ts';
import { verifyAci, type VerifiedAci } from '../trust/verify-aci.ts';
import { FILE_FD, type VerifyRequest } from './messages.ts';
import type { Parent } from './parent.ts';

/** Verifies the file it was given, once the manifest in it is approved of. */
export async function verifyInWorker(request: VerifyRequest, parent: Parent): Promise<VerifiedAci> {
  const { signature, allowLegacy, keystore } = request;
  const { name, labels = [] } = await readAciManifest(FILE_FD);
  await parent.call('manifest', { name, labels });
  if (signature === undefined) return { signers: [], problems: [] };
  return verifyAci(FILE_FD, Buffer.from(signature, 'base64'), name, openKeystore(keystore), { allowLegacy });
}
