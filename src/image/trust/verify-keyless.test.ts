/** What proves the time of a keyless signature: a log of version 1, or a timestamp beside one of version 2. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { signStatement } from '../testing/cosign.ts';
import { type BundleJson, ISSUER, Sigstore, type Witnesses } from '../testing/sigstore.fixture.ts';
import { readTrustedRoot, verifyKeyless } from './verify-keyless.ts';

const WHO = 'builder@example.com';
const statement = signStatement(`sha256:${'a'.repeat(64)}`);
const other = signStatement(`sha256:${'b'.repeat(64)}`);

let sigstore: Sigstore;
before(async () => {
  sigstore = await Sigstore.start();
});
after(() => sigstore[Symbol.asyncDispose]());

const make = (witnesses: Witnesses, over = statement): Promise<BundleJson> => sigstore.signStatement(WHO, over, witnesses);
const verify = (bundle: object, trustedRoot: unknown = sigstore.trustedRoot, artifact?: Buffer): Promise<void> =>
  verifyKeyless({ where: 'here', bundle, ...(artifact === undefined ? {} : { artifact }) }, { identity: WHO, issuer: ISSUER, trustedRoot }, 'root');
/** A bundle with something else for a part of its material. */
const changed = (bundle: BundleJson, material: object): object => ({ ...bundle, verificationMaterial: { ...bundle.verificationMaterial, ...material } });

for (const witnesses of [{ log: 1, timestamp: true }, { log: 2, timestamp: true }] as const) {
  test(`verifyKeyless, log of version ${witnesses.log} and an RFC 3161 timestamp, good over statements and bytes`, async () => {
    await verify(await make(witnesses));
    const bytes = Buffer.from('bytes');
    await verify(await sigstore.signBytes(WHO, bytes, witnesses), sigstore.trustedRoot, bytes);
  });
}

test('verifyKeyless, log of version 2 alone, refused: nothing says when it was signed', async () => {
  await assert.rejects(verify(await make({ log: 2 })), { message: 'expected 1 timestamps, got 0' });
});

test('verifyKeyless, a timestamp and no log, refused', async () => {
  const bundle = await make({ log: 2, timestamp: true });
  await assert.rejects(verify(changed(bundle, { tlogEntries: [] })), { message: 'expected 1 tlog entries, got 0' });
});

test('verifyKeyless, timestamp of another signature, refused', async () => {
  const [bundle, second] = [await make({ log: 2, timestamp: true }), await make({ log: 2, timestamp: true }, other)];
  const { timestampVerificationData } = second.verificationMaterial;
  await assert.rejects(verify(changed(bundle, { timestampVerificationData })), { message: 'timestamp could not be verified' });
});

test('verifyKeyless, timestamp that is truncated or no timestamp, refused', async () => {
  const bundle = await make({ log: 2, timestamp: true });
  const [{ signedTimestamp }] = bundle.verificationMaterial.timestampVerificationData!.rfc3161Timestamps as [{ signedTimestamp: string }];
  const bytes = Buffer.from(signedTimestamp, 'base64');
  for (const part of [bytes.subarray(0, bytes.length / 2), Buffer.from('no timestamp'), Buffer.alloc(0)]) {
    const timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp: part.toString('base64') }] };
    await assert.rejects(verify(changed(bundle, { timestampVerificationData })));
  }
});

test('verifyKeyless, timestamp by an authority that the trusted root does not name, refused', async () => {
  const root = { ...sigstore.trustedRoot, timestampAuthorities: [] };
  await assert.rejects(verify(await make({ log: 2, timestamp: true }), root), { message: 'timestamp could not be verified' });
});

test('verifyKeyless, timestamp from before or after the certificate was valid, refused', async () => {
  const bundle = await make({ log: 2, timestamp: true });
  const { certificateAuthorities } = sigstore.trustedRoot as { certificateAuthorities: object[] };
  const gone = { ...sigstore.trustedRoot, certificateAuthorities: certificateAuthorities.map((each) => ({ ...each, validFor: { start: '2001-01-01T00:00:00Z', end: '2002-01-01T00:00:00Z' } })) };
  await assert.rejects(verify(bundle, gone), { message: /certificate/ });
});

test('verifyKeyless, log entry of version 2 of another signature, changed, or by another log, refused', async () => {
  const [bundle, second] = [await make({ log: 2, timestamp: true }), await make({ log: 2, timestamp: true }, other)];
  const [entry] = bundle.verificationMaterial.tlogEntries;
  await assert.rejects(verify(changed(bundle, { tlogEntries: second.verificationMaterial.tlogEntries })), { message: /signature mismatch/ });
  const body = Buffer.from(entry!.canonicalizedBody, 'base64').toString().replace('SHA2_256', 'SHA2_512');
  await assert.rejects(verify(changed(bundle, { tlogEntries: [{ ...entry, canonicalizedBody: Buffer.from(body).toString('base64') }] })), { message: /root hash/ });
  await using stranger = await Sigstore.start();
  const { tlogs } = stranger.trustedRoot as { tlogs: object[] };
  await assert.rejects(verify(bundle, { ...sigstore.trustedRoot, tlogs }), { message: /checkpoint/ });
});

test('verifyKeyless, the same log entry twice, refused', async () => {
  const bundle = await make({ timestamp: true });
  const [entry] = bundle.verificationMaterial.tlogEntries;
  await assert.rejects(verify(changed(bundle, { tlogEntries: [entry, entry] })), { message: /duplicate/ });
});

test('readTrustedRoot, no authority or no log, refused', async () => {
  await assert.rejects(readTrustedRoot({ ...sigstore.trustedRoot, tlogs: [] }, 'root'), { code: 'bad-key', message: /names no authority or no log/ });
});
