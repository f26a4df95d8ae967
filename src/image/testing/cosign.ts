import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEDIA_TYPES } from '#oci';
import { runProgramSync } from '#sys';
import type { DockerRegistry } from './docker-registry.ts';
import { digestOf, type OciImage } from './oci-image.ts';

const ALGORITHMS = {
  ecdsa: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ed25519: ['ed25519'],
  rsa: ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  rsa1024: ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
} as const;

/** A key as `cosign generate-key-pair` makes one, made and used by OpenSSL. */
export class CosignKey implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'rkt-cosign-'));
  readonly #raw: boolean;
  readonly publicKey: string;
  readonly publicKeyFile: string;
  readonly privateKey: string;

  constructor(algorithm: keyof typeof ALGORITHMS = 'ecdsa') {
    const key = join(this.#directory, 'cosign.key');
    this.publicKeyFile = join(this.#directory, 'cosign.pub');
    this.#raw = algorithm === 'ed25519';
    openssl('genpkey', '-algorithm', ...ALGORITHMS[algorithm], '-out', key);
    openssl('pkey', '-in', key, '-pubout', '-out', this.publicKeyFile);
    this.publicKey = readFileSync(this.publicKeyFile, 'utf8');
    this.privateKey = readFileSync(key, 'utf8');
  }

  sign(bytes: Buffer): Buffer {
    const [key, input, output] = ['cosign.key', 'payload', 'signature'].map((name) => join(this.#directory, name)) as [string, string, string];
    writeFileSync(input, bytes);
    if (this.#raw) openssl('pkeyutl', '-sign', '-rawin', '-inkey', key, '-in', input, '-out', output);
    else openssl('dgst', '-sha256', '-sign', key, '-out', output, input);
    return readFileSync(output);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}

function openssl(...args: string[]): void {
  const result = runProgramSync('/usr/bin/openssl', args);
  if (result.status !== 0) throw new Error(`openssl ${args[0]}: ${result.stderr}`);
}

/** What `cosign sign` signs. */
export function signingPayload(digest: string, reference = '', type = 'cosign container image signature'): Buffer {
  const image = { 'docker-manifest-digest': digest };
  return Buffer.from(JSON.stringify({ critical: { identity: { 'docker-reference': reference }, image, type }, optional: null }));
}

export interface TagSignature {
  readonly payload: Buffer;
  readonly signature: Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Signatures of a manifest as `cosign sign` keeps them: an image of its own. */
export function tagSignatures(signatures: readonly TagSignature[]): OciImage {
  const layers = signatures.map(({ annotations, payload, signature }) => ({
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    digest: digestOf(payload),
    size: payload.length,
    annotations: { 'dev.cosignproject.cosign/signature': signature.toString('base64'), ...annotations },
  }));
  return artifact(layers, signatures.map(({ payload }) => payload));
}

/** Where cosign keeps the signatures of a manifest. */
export const signatureTag = (digest: string): string => `${digest.replace(':', '-')}.sig`;

/** Pushes signatures of a manifest as `cosign sign` does, under the tag `sha256-<hex>.sig`. */
export async function pushTagSignatures(
  registry: DockerRegistry,
  repository: string,
  digest: string,
  signatures: readonly TagSignature[],
): Promise<void> {
  await registry.push(repository, signatureTag(digest), tagSignatures(signatures));
}

export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A sigstore bundle that refers to a manifest. */
export function bundleReferrer(subject: Buffer, bundle: object): OciImage {
  const blob = Buffer.from(JSON.stringify(bundle));
  const layer = { mediaType: BUNDLE, digest: digestOf(blob), size: blob.length };
  const about = { artifactType: BUNDLE, subject: { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(subject), size: subject.length } };
  return artifact([layer], [blob], about);
}

/** Pushes sigstore bundles that refer to a manifest, listed by the tag `sha256-<hex>` as where there is no API. */
export async function pushBundles(registry: DockerRegistry, repository: string, subject: Buffer, bundles: readonly object[]): Promise<void> {
  const manifests: object[] = [];
  for (const bundle of bundles) {
    const referrer = bundleReferrer(subject, bundle);
    const digest = digestOf(referrer.manifest);
    await registry.push(repository, digest, referrer);
    manifests.push({ mediaType: MEDIA_TYPES.ociManifest, digest, size: referrer.manifest.length, artifactType: BUNDLE });
  }
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests };
  await registry.putManifest(repository, digestOf(subject).replace(':', '-'), Buffer.from(JSON.stringify(index)), MEDIA_TYPES.ociIndex);
}

function artifact(layers: readonly object[], contents: readonly Buffer[], more: object = {}): OciImage {
  const config = Buffer.from('{}');
  const { length: size } = config;
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size }, layers, ...more };
  const blobs = new Map([config, ...contents].map((blob) => [digestOf(blob), blob]));
  return { blobs, manifest: Buffer.from(JSON.stringify(manifest)), mediaType: MEDIA_TYPES.ociManifest, config, layers: [] };
}

/** The statement that cosign signs from version 3 on. */
export function signStatement(digest: string, predicateType = 'https://sigstore.dev/cosign/sign/v1'): Buffer {
  const [algorithm, hex] = digest.split(':') as [string, string];
  const subject = [{ digest: { [algorithm]: hex } }];
  return Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate: {} }));
}

/** A bundle by a key. @param statement see {@link signStatement} */
export function keyBundle(key: CosignKey, statement: Buffer): object {
  const payloadType = 'application/vnd.in-toto+json';
  const encoded = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${statement.length} `), statement]);
  return {
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: 'key' }, tlogEntries: [] },
    dsseEnvelope: { payload: statement.toString('base64'), payloadType, signatures: [{ sig: key.sign(encoded).toString('base64') }] },
  };
}
