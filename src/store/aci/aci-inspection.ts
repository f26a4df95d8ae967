import { checkAciEntry, type ImageManifest, parseImageManifest } from '#appc';
import { messageOf } from '#errors';
import { hostileEntry, StoreError } from '../store-error.ts';
import type { TarEntry, TarSink } from '../tar/entry.ts';
import { parseEntryPath, parseLinkTarget } from '../tar/entry-path.ts';
import type { ArchiveLimits } from '../tar/limits.ts';

const MANIFEST_LIMIT = 8 << 20;

/** Reads an ACI without unpacking it: that it is laid out as one, and its manifest (appc spec, aci.md). */
export class AciInspection implements TarSink {
  readonly #limits: ArchiveLimits;
  #manifest: Buffer[] | undefined;
  #inManifest = false;
  #size = 0;
  #hasRootfs = false;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  entry(entry: TarEntry): void {
    const path = parseEntryPath(entry.name, this.#limits);
    if (entry.type === 'link') parseLinkTarget(entry.name, entry.linkName, this.#limits);
    const { kind } = checked(entry, path);
    this.#inManifest = kind === 'manifest';
    if (kind === 'rootfs') this.#rootfs(entry, path);
    if (kind === 'manifest') this.#startManifest(entry);
  }

  data(piece: Buffer): void {
    if (!this.#inManifest) return;
    this.#size += piece.length;
    if (this.#size > MANIFEST_LIMIT) throw new StoreError('archive-limit', `the image manifest is larger than ${MANIFEST_LIMIT} bytes`);
    this.#manifest!.push(Buffer.from(piece));
  }

  endEntry(): void {
    this.#inManifest = false;
  }

  /** @throws {StoreError} `hostile-archive` for a layout that is none, `bad-manifest` for a manifest that is none */
  finish(): { text: string; manifest: ImageManifest } {
    if (this.#manifest === undefined) throw new StoreError('hostile-archive', 'the archive has no image manifest');
    if (!this.#hasRootfs) throw new StoreError('hostile-archive', 'the archive has no rootfs directory');
    const text = Buffer.concat(this.#manifest).toString();
    try {
      return { text, manifest: parseImageManifest(text) };
    } catch (error) {
      throw new StoreError('bad-manifest', `bad image manifest: ${messageOf(error)}`, { cause: error });
    }
  }

  #rootfs(entry: TarEntry, path: string): void {
    if (path === 'rootfs' && entry.type !== 'directory') throw hostileEntry(entry.name, 'the rootfs is not a directory');
    this.#hasRootfs = true;
  }

  #startManifest(entry: TarEntry): void {
    if (this.#manifest !== undefined) throw hostileEntry(entry.name, 'it is a second image manifest');
    if (entry.type !== 'file') throw hostileEntry(entry.name, 'the image manifest is not a regular file');
    this.#manifest = [];
  }
}

/** Names are checked as bytes before; what is left is whether they belong to an ACI. */
function checked(entry: TarEntry, path: string): ReturnType<typeof checkAciEntry> {
  try {
    return checkAciEntry(path === '' ? '.' : path);
  } catch (error) {
    throw hostileEntry(entry.name, messageOf(error));
  }
}
