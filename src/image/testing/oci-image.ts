import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Digest, MEDIA_TYPES } from '#oci';
import { runProgramSync } from '#sys';

/** An image as a registry holds it: blobs and manifests by digest. */
export interface OciImage {
  readonly blobs: ReadonlyMap<Digest, Buffer>;
  readonly manifest: Buffer;
  readonly mediaType: string;
  readonly config: Buffer;
  readonly layers: readonly Digest[];
}

export const digestOf = (bytes: Buffer): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;

/** A layer of one file, as an uncompressed archive. */
export function makeLayer(name: string, content: string | Buffer): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-layer-'));
  try {
    writeFileSync(join(directory, name), content);
    const path = join(directory, 'layer.tar');
    const result = runProgramSync('/bin/tar', ['-C', directory, '--mtime=@0', '--owner=0', '--group=0', '-cf', path, name]);
    if (result.status !== 0) throw new Error(result.stderr);
    return readFileSync(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** An image of some layers. @param run the `config` of its configuration */
export function makeImage(archives: readonly Buffer[], run: object = {}, docker = false): OciImage {
  const compressed = archives.map((archive) => gzipSync(archive));
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      created: '2026-01-02T03:04:05Z',
      config: run,
      rootfs: { type: 'layers', diff_ids: archives.map(digestOf) },
    }),
  );
  const descriptor = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const mediaType = docker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest;
  const layerType = docker ? 'application/vnd.docker.image.rootfs.diff.tar.gzip' : 'application/vnd.oci.image.layer.v1.tar+gzip';
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: descriptor(docker ? MEDIA_TYPES.dockerConfig : MEDIA_TYPES.ociConfig, config),
      layers: compressed.map((bytes) => descriptor(layerType, bytes)),
    }),
  );
  const blobs = new Map([config, ...compressed].map((bytes) => [digestOf(bytes), bytes]));
  return { blobs, manifest, mediaType, config, layers: compressed.map(digestOf) };
}
