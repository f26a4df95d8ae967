import { createHash, generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bundleToJSON } from '@sigstore/bundle';
import { fulcioHandler, type HandlerFn, initializeCA, initializeCTLog, initializeTLog, initializeTSA, rekorHandler, tsaHandler } from '@sigstore/mock';
import { DSSEBundleBuilder, FulcioSigner, MessageSignatureBundleBuilder, RekorWitness, TSAWitness, type Witness } from '@sigstore/sign';
import { rekorV2 } from './rekor-v2.fixture.ts';
import { WebServer } from './web-server.ts';

export const ISSUER = 'https://issuer.example.com';

/** What a bundle looks like as JSON, as far as tests take it apart. */
export interface BundleJson {
  readonly verificationMaterial: {
    readonly certificate?: { readonly rawBytes: string };
    readonly x509CertificateChain?: { readonly certificates: readonly { readonly rawBytes: string }[] };
    readonly tlogEntries: readonly {
      readonly logIndex: string;
      readonly logId: { readonly keyId: string };
      readonly integratedTime: string;
      readonly inclusionPromise?: { readonly signedEntryTimestamp: string };
      readonly canonicalizedBody: string;
    }[];
    readonly timestampVerificationData?: { readonly rfc3161Timestamps: readonly { readonly signedTimestamp: string }[] };
  };
  readonly messageSignature?: { readonly signature: string };
}

/** What tells of a signature besides the certificate. By itself, a log of version 2 names no time. */
export interface Witnesses {
  /** 1 unless given. */
  readonly log?: 1 | 2;
  /** RFC 3161. */
  readonly timestamp?: boolean;
}

/**
 * A sigstore of this machine: an authority, a log of certificates and a log of signatures, nearly all of sigstore's own making.
 * Signatures are made by sigstore's own client.
 */
export class Sigstore implements AsyncDisposable {
  readonly #server: WebServer;
  /** trusted_root.json */
  readonly trustedRoot: object;

  private constructor(server: WebServer, trustedRoot: object) {
    this.#server = server;
    this.trustedRoot = trustedRoot;
  }

  static async start(): Promise<Sigstore> {
    const keys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const past = new Date(Date.now() - 60_000);
    const ctLog = await initializeCTLog(keys());
    const authority = await initializeCA(keys(), ctLog);
    const handlers = new Map<string, HandlerFn>();
    const server = await WebServer.start((request, response) => void answer(handlers, request, response));
    const log = await initializeTLog(server.origin, keys());
    const [keysV2, time] = [keys(), new Date()];
    const clock = await initializeTSA(keys(), time);
    const made = [fulcioHandler(authority), rekorHandler(log), rekorV2(keysV2, new URL(server.origin).host), inWholeSeconds(tsaHandler(clock), time)];
    for (const { fn, path } of made) handlers.set(path, fn);
    const keyV2 = keysV2.publicKey.export({ type: 'spki', format: 'der' });
    const logOf = (key: Buffer, keyId: Buffer) => ({
      baseUrl: server.origin,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: key.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { start: past.toISOString() } },
      logId: { keyId: keyId.toString('base64') },
    });
    const chainOf = (...certificates: ArrayBufferView[]) => ({
      certChain: { certificates: certificates.map((each) => ({ rawBytes: Buffer.from(each.buffer as ArrayBuffer, each.byteOffset, each.byteLength).toString('base64') })) },
      uri: server.origin,
      validFor: { start: past.toISOString() },
    });
    return new Sigstore(server, {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      certificateAuthorities: [chainOf(authority.rootCertificate)],
      ctlogs: [logOf(ctLog.publicKey, Buffer.from(ctLog.logID.buffer as ArrayBuffer))],
      tlogs: [log.publicKey, keyV2].map((key) => logOf(key, createHash('sha256').update(key).digest())),
      timestampAuthorities: [chainOf(clock.intCertificate, clock.rootCertificate)],
    });
  }

  /** A bundle with a certificate for `identity`, over an in-toto statement. */
  async signStatement(identity: string, statement: Buffer, witnesses: Witnesses = {}): Promise<BundleJson> {
    const builder = new DSSEBundleBuilder({ signer: this.#signer(identity), witnesses: this.#witnesses(witnesses) });
    const bundle = await builder.create({ data: statement, type: 'application/vnd.in-toto+json' });
    return bundleToJSON(bundle) as unknown as BundleJson;
  }

  /** A bundle over bytes. */
  async signBytes(identity: string, data: Buffer, witnesses: Witnesses = {}): Promise<BundleJson> {
    const builder = new MessageSignatureBundleBuilder({ signer: this.#signer(identity), witnesses: this.#witnesses(witnesses) });
    return bundleToJSON(await builder.create({ data })) as unknown as BundleJson;
  }

  #signer(identity: string): FulcioSigner {
    const claims = Buffer.from(JSON.stringify({ iss: ISSUER, sub: identity, email: identity, email_verified: true }));
    const token = ['{"alg":"none"}', claims, ''].map((part) => Buffer.from(part).toString('base64url')).join('.');
    return new FulcioSigner({ fulcioBaseURL: this.#server.origin, identityProvider: { getToken: async () => token } });
  }

  #witnesses({ log = 1, timestamp = false }: Witnesses): Witness[] {
    const rekor = new RekorWitness({ rekorBaseURL: this.#server.origin, entryType: 'intoto', majorApiVersion: log });
    return timestamp ? [rekor, new TSAWitness({ tsaBaseURL: this.#server.origin })] : [rekor];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

/** As authorities give it: what reads timestamps stumbles over fractions with fewer than three digits. */
function inWholeSeconds({ fn, path }: { fn: HandlerFn; path: string }, time: Date): { fn: HandlerFn; path: string } {
  return { path, fn: (body) => (time.setTime(Math.floor(Date.now() / 1000) * 1000), fn(body)) };
}

async function answer(handlers: ReadonlyMap<string, HandlerFn>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const handler = handlers.get(request.url ?? '');
  if (handler === undefined) return void response.writeHead(404).end();
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { contentType = 'text/plain', response: body, statusCode } = await handler(Buffer.concat(chunks).toString());
  response.writeHead(statusCode, { 'content-type': contentType }).end(typeof body === 'string' ? body : Buffer.from(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength));
}

/** The annotations by which cosign kept the same before there were bundles. */
export function cosignAnnotations(bundle: BundleJson): Record<string, string> {
  const { certificate, tlogEntries, x509CertificateChain } = bundle.verificationMaterial;
  const [entry] = tlogEntries;
  const der = (certificate ?? x509CertificateChain!.certificates[0]!).rawBytes;
  const Payload = {
    body: entry!.canonicalizedBody,
    integratedTime: Number(entry!.integratedTime),
    logIndex: Number(entry!.logIndex),
    logID: Buffer.from(entry!.logId.keyId, 'base64').toString('hex'),
  };
  return {
    'dev.sigstore.cosign/certificate': `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`,
    'dev.sigstore.cosign/bundle': JSON.stringify({ SignedEntryTimestamp: entry!.inclusionPromise!.signedEntryTimestamp, Payload }),
  };
}
