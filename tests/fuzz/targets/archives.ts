import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openStore, type Store } from '#store';
import { DEFAULT_LIMITS } from '../../../src/store/tar/limits.ts';
import { TarReader } from '../../../src/store/tar/reader.ts';
import { self } from '../../../src/store/store-fixture.ts';
import { type RawEntry, tarOf } from '../../../src/store/tar/tar-fixture.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import { subjectOf, type Target } from '../target.ts';

const manifest = JSON.stringify({ acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/fuzz' });
const ENTRIES: readonly RawEntry[] = [
  { name: 'rootfs/', type: '5', mode: 0o755 },
  { name: 'rootfs/file', data: 'content' },
  { name: 'rootfs/link', type: '2', linkName: 'file' },
  { name: 'rootfs/hard', type: '1', linkName: 'rootfs/file' },
  { name: 'rootfs/away', type: '2', linkName: '../../../../tmp' },
  { name: 'rootfs/away/x', data: 'out' },
  { name: 'rootfs/pax', data: 'p', pax: { path: `rootfs/${'n'.repeat(200)}`, 'SCHILY.xattr.user.x': 'v', mtime: '1.5', uid: '5' } },
  { name: 'rootfs/sparse', data: 'abc', pax: { 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,3' } },
  { name: 'rootfs/.wh.gone' },
  { name: 'rootfs/.wh..wh..opq' },
  { name: '././@LongLink', type: 'L', data: `rootfs/${'l'.repeat(150)}\0` },
  { name: 'rootfs/null', type: '3', major: 1, minor: 3 },
  { name: 'rootfs/fifo', type: '6' },
];
const LIMITS = { entries: 500, unpackedBytes: 8 << 20, ratioFromBytes: 1 << 20 };

/** An archive of valid entries in any order, or nearly. */
function makeArchive(random: Random): Buffer {
  const chosen = Array.from({ length: random.below(10) }, () => random.pick(ENTRIES));
  const archive = tarOf({ name: 'manifest', data: manifest }, { name: 'rootfs/', type: '5', mode: 0o755 }, ...chosen);
  return random.chance(0.9) ? mutateBytes(archive, random) : archive;
}

/** The reader of archives by itself: many cases. */
export const tarReader: Target = {
  name: 'tar-reader',
  limit: 2000,
  open: async () =>
    subjectOf((random) => {
      const archive = makeArchive(random);
      const sink = { entry() {}, data() {}, endEntry() {} };
      const reader = new TarReader(sink, { ...DEFAULT_LIMITS, ...LIMITS });
      for (let at = 0; at < archive.length; ) {
        const size = 1 + random.below(3000);
        reader.push(archive.subarray(at, at + size));
        at += size;
      }
      reader.finish({ whole: true });
    }),
};

/** The whole way into the store, with the program that unpacks. */
export const unpacker: Target = {
  name: 'unpacker',
  limit: 20_000,
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rkt-fuzz-'));
    const store = openStore(join(directory, 'data'), { self, limits: LIMITS });
    return subjectOf((random) => importCase(store, directory, random), () => rmSync(directory, { recursive: true }));
  },
};

async function importCase(store: Store, directory: string, random: Random): Promise<void> {
  const archive = makeArchive(random);
  const bytes = random.chance(0.3) ? mutateBytes(gzipSync(archive), random) : archive;
  try {
    if (random.chance(0.5)) await importAci(store, directory, bytes);
    else await addLayer(store, archive);
  } finally {
    assert.deepEqual(readdirSync(store.temporaryDirectory()), [], 'something was left in cas/tmp');
    assert.ok(!existsSync('/tmp/x') && !existsSync(join(directory, 'x')), 'something was written outside');
  }
}

async function importAci(store: Store, directory: string, bytes: Buffer): Promise<void> {
  const path = join(directory, 'image.aci');
  writeFileSync(path, bytes);
  const { id } = await store.importAci(path);
  try {
    await store.tree(id);
  } finally {
    store.remove(id);
  }
}

async function addLayer(store: Store, archive: Buffer): Promise<void> {
  const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}` as const;
  const pieces = (async function* () {
    yield archive;
  })();
  await store.addLayer({ diffId: digest, digest, size: archive.length, compression: 'none' }, pieces);
}
