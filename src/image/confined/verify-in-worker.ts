import { parseAcIdentifier } from '#appc';
import type { KeyFile } from '../trust/key-files.ts';
import { readAciName } from '../trust/aci-name.ts';
import { verifyAci } from '../trust/verify-aci.ts';
import { FILE_FD, type VerifyRequest } from './messages.ts';
import type { Parent } from './parent.ts';

/** Verifies the file it was given by the keys that it is given for the name it finds. */
export async function verifyInWorker({ signature }: VerifyRequest, parent: Parent): Promise<unknown> {
  const name = parseAcIdentifier(await readAciName(FILE_FD));
  const keys = (await parent.call('keys', name)) as KeyFile[];
  const keysFor = () => new Map(keys.map((key) => [key.fingerprint, key]));
  const signer = await verifyAci(FILE_FD, Buffer.from(signature, 'base64'), name, { keysFor });
  return { name, signer };
}
