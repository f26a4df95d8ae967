import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Registry } from './registry.ts';

const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** A key as `cosign generate-key-pair` makes one, in files of a directory, made and used by OpenSSL. */
export interface CosignKeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function makeCosignKey(directory: string): CosignKeyFiles {
  const key = { privateKey: join(directory, 'cosign.key'), publicKey: join(directory, 'cosign.pub') };
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key.privateKey);
  openssl('pkey', '-in', key.privateKey, '-pubout', '-out', key.publicKey);
  return key;
}

/** Signs an image of a registry as `cosign sign` does, and pushes that beside it. @param work a directory that is made and removed */
export async function pushCosignSignature(registry: Registry, image: { repository: string; digest: string }, key: CosignKeyFiles, work: string): Promise<void> {
  const { digest, repository } = image;
  mkdirSync(join(work, 'blobs/sha256'), { recursive: true });
  const blob = (bytes: Buffer): { digest: string; size: number } => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(work, 'blobs/sha256', hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const critical = { identity: { 'docker-reference': `${registry.address}/${repository}` }, image: { 'docker-manifest-digest': digest }, type: 'cosign container image signature' };
  const payload = join(work, 'payload');
  writeFileSync(payload, JSON.stringify({ critical, optional: null }));
  openssl('dgst', '-sha256', '-sign', key.privateKey, '-out', `${payload}.sig`, payload);
  const annotations = { 'dev.cosignproject.cosign/signature': readFileSync(`${payload}.sig`).toString('base64') };
  const layers = [{ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', ...blob(readFileSync(payload)), annotations }];
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...blob(Buffer.from('{}')) };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = { mediaType, ...blob(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }))) };
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'latest' } };
  writeFileSync(join(work, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  writeFileSync(join(work, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await registry.push(work, repository, `${digest.replace(':', '-')}.sig`);
  rmSync(work, { recursive: true });
}
