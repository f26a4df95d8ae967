import { createHash, generateKeyPairSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bundleToJSON } from '@sigstore/bundle';
import { fulcioHandler, type HandlerFn, initializeCA, initializeCTLog, initializeTLog, rekorHandler } from '@sigstore/mock';
import { DSSEBundleBuilder, FulcioSigner, MessageSignatureBundleBuilder, RekorWitness } from '@sigstore/sign';
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
      readonly inclusionPromise: { readonly signedEntryTimestamp: string };
      readonly canonicalizedBody: string;
    }[];
  };
  readonly messageSignature?: { readonly signature: string };
}

/**
 * A sigstore of this machine: an authority, a log of certificates and a log of signatures, all of sigstore's own making.
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
    for (const { fn, path } of [fulcioHandler(authority), rekorHandler(log)]) handlers.set(path, fn);
    const logOf = (key: Buffer, keyId: Buffer) => ({
      baseUrl: server.origin,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: key.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { start: past.toISOString() } },
      logId: { keyId: keyId.toString('base64') },
    });
    const root = Buffer.from(authority.rootCertificate.buffer as ArrayBuffer);
    return new Sigstore(server, {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      certificateAuthorities: [
        { certChain: { certificates: [{ rawBytes: root.toString('base64') }] }, uri: server.origin, validFor: { start: past.toISOString() } },
      ],
      ctlogs: [logOf(ctLog.publicKey, Buffer.from(ctLog.logID.buffer as ArrayBuffer))],
      tlogs: [logOf(log.publicKey, createHash('sha256').update(log.publicKey).digest())],
      timestampAuthorities: [],
    });
  }

  /** A bundle with a certificate for `identity`, over an in-toto statement. */
  async signStatement(identity: string, statement: Buffer): Promise<BundleJson> {
    const builder = new DSSEBundleBuilder({ signer: this.#signer(identity), witnesses: [this.#witness()] });
    const bundle = await builder.create({ data: statement, type: 'application/vnd.in-toto+json' });
    return bundleToJSON(bundle) as unknown as BundleJson;
  }

  /** A bundle over bytes. */
  async signBytes(identity: string, data: Buffer): Promise<BundleJson> {
    const builder = new MessageSignatureBundleBuilder({ signer: this.#signer(identity), witnesses: [this.#witness()] });
    return bundleToJSON(await builder.create({ data })) as unknown as BundleJson;
  }

  #signer(identity: string): FulcioSigner {
    const claims = Buffer.from(JSON.stringify({ iss: ISSUER, sub: identity, email: identity, email_verified: true }));
    const token = ['{"alg":"none"}', claims, ''].map((part) => Buffer.from(part).toString('base64url')).join('.');
    return new FulcioSigner({ fulcioBaseURL: this.#server.origin, identityProvider: { getToken: async () => token } });
  }

  #witness(): RekorWitness {
    return new RekorWitness({ rekorBaseURL: this.#server.origin, entryType: 'intoto' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

async function answer(handlers: ReadonlyMap<string, HandlerFn>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const handler = handlers.get(request.url ?? '');
  if (handler === undefined) return void response.writeHead(404).end();
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { contentType = 'text/plain', response: body, statusCode } = await handler(Buffer.concat(chunks).toString());
  response.writeHead(statusCode, { 'content-type': contentType }).end(body);
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
    'dev.sigstore.cosign/bundle': JSON.stringify({ SignedEntryTimestamp: entry!.inclusionPromise.signedEntryTimestamp, Payload }),
  };
}
