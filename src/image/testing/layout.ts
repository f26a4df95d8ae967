import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestHex } from '#oci';
import { runProgramSync } from '#sys';
import { digestOf, type OciImage } from './oci-image.ts';
import type { Sandbox } from './sandbox.ts';

/** Files of a layout by their names, which a case may change before they are written. */
export type LayoutFiles = Map<string, Buffer>;

export interface LayoutEntry {
  readonly image: OciImage;
  /** Fields of the entry of index.json beside those of the manifest. */
  readonly more?: object;
}

/** An entry that has a name. */
export const named = (image: OciImage, name: string): LayoutEntry =>
  ({ image, more: { annotations: { 'org.opencontainers.image.ref.name': name } } });

/** An OCI image layout of some images. */
export function layoutFiles(...entries: readonly LayoutEntry[]): LayoutFiles {
  const manifests = entries.map(({ image: { manifest, mediaType }, more }) => ({ mediaType, digest: digestOf(manifest), size: manifest.length, ...more }));
  const blobs = entries.flatMap(({ image: { blobs: own, manifest } }) => [...own.values(), manifest]);
  return new Map([
    ['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ['index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }))],
    ...blobs.map((bytes) => [`blobs/sha256/${digestHex(digestOf(bytes))}`, bytes] as const),
  ]);
}

/** @returns the directory */
export function writeLayout(sandbox: Sandbox, files: LayoutFiles, directory = mkdtempSync(sandbox.path('layout-'))): string {
  for (const [name, bytes] of files) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), bytes);
  }
  return directory;
}

/** @returns the archive of a directory, beside it */
export function packLayout(directory: string, ...more: string[]): string {
  const result = runProgramSync('/bin/tar', ['-C', directory, '-cf', `${directory}.tar`, ...more, '.']);
  if (result.status !== 0) throw new Error(result.stderr);
  return `${directory}.tar`;
}
