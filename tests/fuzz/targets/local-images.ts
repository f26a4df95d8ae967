import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MEDIA_TYPES } from '#oci';
import { type LocalContext, readLocal } from '../../../src/image/local/read-local.ts';
import type { LocalRequest } from '../../../src/image/confined/messages.ts';
import { openKeystore } from '#image';
import { parsePemKeys } from '../../../src/image/trust/pem-key.ts';
import { tarOf } from '../../../src/store/tar/tar-fixture.ts';
import { mutateBytes, mutateJson } from '../mutate.ts';
import type { Random } from '../random.ts';
import { subjectOf, type Target } from '../target.ts';

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const describe = (mediaType: string, bytes: Buffer): object => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
const REF = 'org.opencontainers.image.ref.name';

const layer = Buffer.alloc(3000, 'layer');
const config = json({ os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', config: { Cmd: ['a'] }, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } });
const manifest = json({
  schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: describe(MEDIA_TYPES.ociConfig, config),
  layers: [describe('application/vnd.oci.image.layer.v1.tar', layer)],
});

type Files = Map<string, Buffer>;

/** Layouts and archives of images with signatures, damaged in one place or in many, digests made right again or not. */
export const localImages: Target = {
  name: 'local-images',
  limit: 5000,
  open: async () => {
    const scene = openScene();
    return subjectOf((random) => runCase(scene, random), () => scene.close());
  },
};

interface Scene {
  readonly directory: string;
  readonly privateKey: KeyObject;
  close(): void;
}

function openScene(): Scene {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-fuzz-'));
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const [key] = parsePemKeys(Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })), 'key');
  openKeystore({ systemDir: join(directory, 'system'), localDir: directory }).add(undefined, key!.fileName, key!.pem);
  return { directory, privateKey, close: () => rmSync(directory, { recursive: true }) };
}

async function runCase(scene: Scene, random: Random): Promise<void> {
  const docker = random.chance(0.3);
  const files = docker ? dockerFiles(random) : layoutFiles(scene.privateKey, random);
  const form = random.pick(docker ? ['docker-archive', undefined] : ['oci', 'oci-archive', undefined] as const) as LocalRequest['form'];
  const zipped = form !== 'oci' && random.chance(0.2);
  const fds = [openArchive(scene, files, zipped, random), openSync(join(scene.directory, 'copy'), 'w+')] as const;
  const request: LocalRequest = {
    kind: 'read-local', path: 'image', description: 'image', compression: zipped ? 'gzip' : 'none',
    ...(form === undefined ? {} : { form }),
    ...(random.chance(0.3) ? { name: random.pick(['1', 'team/app:1', 'x', '']) } : {}),
    insecure: { image: docker || random.chance(0.2), tls: false, http: false, pubkey: false, capabilities: false, paths: false, seccomp: false },
    keystore: { systemDir: join(scene.directory, 'system'), localDir: scene.directory },
  };
  try {
    await read(request, fds, files);
  } finally {
    fds.forEach(closeSync);
  }
}

async function read(request: LocalRequest, [fd, copyFd]: readonly [number, number], files: Files): Promise<void> {
  const taken: Parameters<LocalContext['importImage']>[0][] = [];
  const { verified } = await readLocal(request, {
    report: { info() {}, debug() {}, progress() {} },
    fd,
    copyFd,
    readFile: async (name, limit) => {
      const bytes = files.get(name);
      if (bytes === undefined) return { code: 'bad-layout', problem: 'is missing' };
      return bytes.length > limit ? { code: 'too-large', problem: 'is too large' } : { bytes };
    },
    importImage: async (image) => void taken.push(image),
  });
  if (!request.insecure.image && taken.length > 0) assert.ok(verified !== null, 'an image was taken in unverified');
  if (verified !== null) assert.equal(taken[0]!.manifestDigest, digestOf(manifest), 'another manifest than the one that was signed was believed');
}

/** Where something is changed, what holds its digest may be made right again: so the damage gets further in. */
function layoutFiles(key: KeyObject, random: Random): Files {
  const change = (bytes: Buffer): Buffer => (random.chance(0.12) ? Buffer.from(mutateJson(JSON.parse(bytes.toString()) as object, random)) : bytes);
  const own = change(manifest);
  const payload = change(json({ critical: { type: 'cosign container image signature', image: { 'docker-manifest-digest': digestOf(manifest) }, identity: {} } }));
  const annotations = { 'dev.cosignproject.cosign/signature': sign('sha256', random.chance(0.9) ? payload : Buffer.from('x'), key).toString('base64') };
  const artifact = (layers: object[], more: object = {}): Buffer =>
    change(json({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: describe(MEDIA_TYPES.ociConfig, Buffer.from('{}')), layers, ...more }));
  const signature = artifact([{ ...describe('application/vnd.dev.cosign.simplesigning.v1+json', payload), annotations }]);
  const bundle = change(json({ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', verificationMaterial: { publicKey: { hint: '' } }, messageSignature: { signature: sign('sha256', manifest, key).toString('base64') } }));
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const referrer = artifact([describe(type, bundle)], { artifactType: type, subject: describe(MEDIA_TYPES.ociManifest, own) });
  const entries: object[] = [
    { ...describe(MEDIA_TYPES.ociManifest, own), annotations: { [REF]: random.pick(['1', 'team/app:1', '']) } },
    { ...describe(MEDIA_TYPES.ociManifest, signature), annotations: { [REF]: `${digestOf(own).replace(':', '-')}.sig` } },
    { ...describe(MEDIA_TYPES.ociManifest, referrer), ...(random.chance(0.5) ? { artifactType: type } : {}) },
  ];
  const index = change(json({ schemaVersion: 2, manifests: entries.filter(() => random.chance(0.9)) }));
  const blobs = [own, change(config), layer, payload, signature, bundle, referrer];
  const files: Files = new Map([['oci-layout', change(Buffer.from('{"imageLayoutVersion":"1.0.0"}'))], ['index.json', index]]);
  for (const bytes of blobs) if (random.chance(0.98)) files.set(`blobs/sha256/${digestOf(bytes).slice(7)}`, random.chance(0.02) ? mutateBytes(bytes, random) : bytes);
  return files;
}

function dockerFiles(random: Random): Files {
  const name = `${digestOf(config).slice(7)}.json`;
  const saved = [{ Config: name, RepoTags: ['team/app:1'], Layers: ['layer.tar'] }];
  return new Map([
    ['manifest.json', random.chance(0.5) ? Buffer.from(mutateJson(saved, random)) : json(saved)],
    [name, random.chance(0.2) ? Buffer.from(mutateJson(JSON.parse(config.toString()) as object, random)) : config],
    ['layer.tar', random.chance(0.3) ? gzipSync(layer) : layer],
  ]);
}

function openArchive({ directory }: Scene, files: Files, zipped: boolean, random: Random): number {
  const plain = tarOf(...[...files].map(([name, data]) => ({ name, data })));
  const damaged = random.chance(0.2) ? mutateBytes(plain, random) : plain;
  const bytes = zipped ? gzipSync(damaged) : damaged;
  const path = join(directory, 'archive');
  writeFileSync(path, zipped && random.chance(0.2) ? mutateBytes(bytes, random) : bytes);
  return openSync(path, 'r');
}
