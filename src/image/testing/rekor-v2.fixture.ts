import { createHash, type KeyObject, sign } from 'node:crypto';
import type { HandlerFn } from '@sigstore/mock';

interface Request {
  readonly dsseRequestV002?: { readonly envelope: { readonly payload: string; readonly signatures: readonly { readonly sig: string }[] }; readonly verifiers: readonly object[] };
  readonly hashedRekordRequestV002?: { readonly digest: string; readonly signature: object };
}

const sha256 = (...parts: readonly Buffer[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/**
 * A log as Rekor is from version 2 on: an entry is proved by a checkpoint over the tree, which names no time. Its tree
 * has but the one entry. (The log of the same version in sigstore's own mock keeps the request in place of an entry.)
 */
export function rekorV2({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }, host: string): { path: string; fn: HandlerFn } {
  const keyId = sha256(publicKey.export({ type: 'spki', format: 'der' }));
  return {
    path: '/api/v2/log/entries',
    fn: async (text) => {
      const entry = entryOf(JSON.parse(text) as Request);
      const body = Buffer.from(JSON.stringify(entry));
      const rootHash = sha256(Buffer.of(0), body);
      const note = `${host}\n1\n${rootHash.toString('base64')}\n`;
      const signature = Buffer.concat([keyId.subarray(0, 4), sign('sha256', Buffer.from(note), privateKey)]);
      const answer = {
        logIndex: '0',
        logId: { keyId: keyId.toString('base64') },
        kindVersion: { kind: entry.kind, version: entry.apiVersion },
        canonicalizedBody: body.toString('base64'),
        inclusionProof: {
          logIndex: '0',
          treeSize: '1',
          rootHash: rootHash.toString('base64'),
          hashes: [],
          checkpoint: { envelope: `${note}\n\u2014 ${host} ${signature.toString('base64')}\n` },
        },
      };
      return { statusCode: 201, response: JSON.stringify(answer), contentType: 'application/json' };
    },
  };
}

function entryOf({ dsseRequestV002: dsse, hashedRekordRequestV002: hashed }: Request) {
  const apiVersion = '0.0.2';
  if (dsse === undefined) {
    const data = { algorithm: 'SHA2_256', digest: hashed!.digest };
    return { apiVersion, kind: 'hashedrekord', spec: { hashedRekordV002: { data, signature: hashed!.signature } } };
  }
  const digest = sha256(Buffer.from(dsse.envelope.payload, 'base64')).toString('base64');
  const signatures = [{ content: dsse.envelope.signatures[0]!.sig, verifier: dsse.verifiers[0] }];
  return { apiVersion, kind: 'dsse', spec: { dsseV002: { payloadHash: { algorithm: 'SHA2_256', digest }, signatures } } };
}
