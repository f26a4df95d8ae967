import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

export type Compression = 'gzip' | 'zstd' | 'none';

export interface LayerOptions {
  /** A directory whose content is the layer. */
  readonly directory: string;
  readonly compression?: Compression;
}

export interface LayoutOptions {
  readonly layers: readonly LayerOptions[];
  /** The image configuration's `config` member: Cmd, Env, User and so on. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tag?: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

/** Writes an OCI image layout with one image; the same digests for the same content. */
export function makeOciLayout(path: string, { layers, config = {}, tag = 'latest' }: LayoutOptions): Descriptor {
  mkdirSync(join(path, 'blobs/sha256'), { recursive: true });
  const written = layers.map((layer) => writeLayer(path, layer));
  const image = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: written.map(({ diffId }) => diffId) },
    history: written.map(() => ({ created: '1970-01-01T00:00:00Z' })),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: writeBlob(path, CONFIG, Buffer.from(JSON.stringify(image))),
    layers: written.map(({ descriptor }) => descriptor),
  };
  const descriptor = writeBlob(path, MANIFEST, Buffer.from(JSON.stringify(manifest)));
  const index = {
    schemaVersion: 2,
    manifests: [{ ...descriptor, annotations: { 'org.opencontainers.image.ref.name': tag } }],
  };
  writeFileSync(join(path, 'index.json'), JSON.stringify(index));
  writeFileSync(join(path, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return descriptor;
}

function writeLayer(path: string, { directory, compression = 'gzip' }: LayerOptions): { diffId: string; descriptor: Descriptor } {
  const file = join(path, 'layer.tar');
  const deterministic = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--xattrs'];
  const pax = ['--format=posix', '--pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f'];
  execFileSync('tar', [...deterministic, ...pax, '-cf', file, '-C', directory, '.'], { stdio: ['ignore', 'inherit', 'ignore'] });
  const tar = readFileSync(file);
  rmSync(file);
  const suffix = compression === 'none' ? '' : `+${compression}`;
  return { diffId: digestOf(tar), descriptor: writeBlob(path, `${LAYER}${suffix}`, compress(tar, compression)) };
}

function compress(tar: Buffer, compression: Compression): Buffer {
  if (compression === 'gzip') return gzipSync(tar);
  return compression === 'zstd' ? zstdCompressSync(tar) : tar;
}

function writeBlob(path: string, mediaType: string, bytes: Buffer): Descriptor {
  const digest = digestOf(bytes);
  writeFileSync(join(path, 'blobs/sha256', digest.slice('sha256:'.length)), bytes);
  return { mediaType, digest, size: bytes.length };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
