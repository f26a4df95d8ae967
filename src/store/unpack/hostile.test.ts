import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listXattrs } from '#sys';
import { StoreError } from '../store-error.ts';
import { inPieces, manifestText, notRoot, openTestStore, sha256, temporaryDirectory, uncompressedLayer, unfinishedIn } from '../store-fixture.ts';
import { paxBody, type RawEntry, tarEntry, tarOf } from '../tar/tar-fixture.ts';
import type { StoreOptions } from '../types.ts';

const base256 = (value: number): Buffer => {
  const field = Buffer.alloc(12, value < 0 ? 0xff : 0);
  field[0] = value < 0 ? 0xff : 0x80;
  field.writeInt32BE(value, 8);
  return field;
};

const toEtc: RawEntry = { name: 'there', type: '2', linkName: '/etc' };

/** What must be refused, and words of the reason; the last entry is named. */
const refused: readonly (readonly [string, readonly RawEntry[], RegExp])[] = [
  ['dot-dot', [{ name: 'a/../../b' }], /"a\/..\/..\/b": it climbs by "\.\."/],
  ['absolute name', [{ name: '/etc/passwd' }], /"\/etc\/passwd": it has an absolute name/],
  ['empty name', [{ name: '' }], /it has no name/],
  ['NUL in a PAX path', [{ name: 'x', pax: { path: 'a\0b' } }], /a NUL in its name/],
  ['long component', [{ name: 'x', pax: { path: 'n'.repeat(256) } }], /more than 255 bytes/],
  ['long path', [{ name: 'x', pax: { path: 'a/'.repeat(2049) } }], /longer than 4096 bytes/],
  ['absolute hard link', [{ name: 'h', type: '1', linkName: '/etc/passwd' }], /"h": its hard link target has an absolute name/],
  ['climbing hard link', [{ name: 'h', type: '1', linkName: '../x' }], /"h": its hard link target climbs/],
  ['hard link to nothing', [{ name: 'h', type: '1', linkName: 'x' }], /"h": its hard link target is not in the archive/],
  ['hard link to a directory', [{ name: 'd', type: '5' }, { name: 'h', type: '1', linkName: 'd' }], /"h": its hard link target is a directory/],
  ['hard link through a climbing link', [{ name: 'l', type: '2', linkName: '../..' }, { name: 'h', type: '1', linkName: 'l/etc/passwd' }], /"h": it lies behind a symbolic link that climbs/],
  ['file through a climbing link', [{ name: 'l', type: '2', linkName: 'a/../..' }, { name: 'l/x' }], /"l\/x": it lies behind a symbolic link that climbs/],
  ['directory through a climbing link', [{ name: 'l', type: '2', linkName: '../../tmp' }, { name: 'l/x/', type: '5' }], /"l\/x\/?": it lies behind a symbolic link that climbs/],
  ['links in a circle', [{ name: 'a', type: '2', linkName: 'b' }, { name: 'b', type: '2', linkName: 'a' }, { name: 'a/x' }], /"a\/x": it lies behind too many symbolic links/],
  ['file below a file', [{ name: 'f' }, { name: 'f/x' }], /"f\/x": it lies below "f", which is not a directory/],
  ['device named as a whiteout', [{ name: '.wh.x', type: '3', major: 1, minor: 3 }], /"\.wh\.x": a device has the name of a whiteout/],
  ['device 0:0', [{ name: 'd', type: '3' }], /"d": it is the device 0:0/],
  ['whiteout of nothing', [{ name: '.wh.' }], /hides no possible name/],
  ['whiteout of the parent', [{ name: 'a/.wh...' }], /hides no possible name/],
  ['file below a whiteout', [{ name: '.wh.a/b' }], /lies below a whiteout/],
  ['root that is a link', [{ name: './', type: '2', linkName: '/etc' }], /the root is not a directory/],
  ['negative size', [{ name: 'n', size: base256(-1) }], /"n": its size is negative/],
  ['negative PAX size', [{ name: 'n', pax: { size: '-1' } }], /its PAX size/],
  ['PAX size that is no number', [{ name: 'n', pax: { size: '1e3' } }], /its PAX size/],
  ['impossible owner', [{ name: 'n', pax: { uid: '4294967295' } }], /its owner is not a possible id/],
  ['unknown type', [{ name: 'n', type: 'M' }], /"n": it is of the unknown type "M"/],
  ['long extended attribute', [{ name: 'n', pax: { 'SCHILY.xattr.user.x': 'v'.repeat(65537) } }], /its extended attribute "user.x" is too long/],
  ['huge PAX header', [{ name: 'p', type: 'x', size: 2 ** 21 }], /extended header of more than/],
  ['malformed PAX header', [{ name: 'p', type: 'x', data: '9999 path=x\n' }], /malformed PAX header/],
  ['PAX header without end', [{ name: 'p', type: 'x', data: '8 pat=xy' }], /malformed PAX header/],
  ['sparse map beyond the file', [{ name: 's', data: 'abc', pax: { 'GNU.sparse.size': '3', 'GNU.sparse.map': '5,3' } }], /malformed map/],
  ['sparse map that goes back', [{ name: 's', data: 'abcd', pax: { 'GNU.sparse.size': '9', 'GNU.sparse.map': '5,2,0,2' } }], /malformed map/],
  ['sparse map of its own data', [{ name: 's', data: Buffer.alloc(512, '9'), pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' } }], /map/],
];

for (const [name, entries, reason] of refused) {
  test(`addLayer, ${name}, is refused by name and leaves nothing`, { skip: notRoot }, async (t) => {
    const { dataDir, error } = await refusedLayer(t, tarOf(...entries));
    assert.match(error.message, reason);
    assert.ok(['hostile-archive', 'archive-limit'].includes(error.code), error.code);
    assert.deepEqual(unfinishedIn(dataDir), []);
    assert.ok(!existsSync(join(dataDir, 'cas/layer')));
  });
}

test('addLayer, archive cut anywhere, is refused', { skip: notRoot }, async (t) => {
  const whole = tarOf({ name: 'a', data: 'x'.repeat(1000) }, { name: 'b', pax: { mtime: '1.5' } });
  for (const length of [100, 511, 513, 1200, 1536 + 512 + 10, whole.length - 1024 - 512]) {
    const { error } = await refusedLayer(t, whole.subarray(0, length));
    assert.match(error.message, /the archive is truncated/, `cut at ${length}`);
  }
});

test('addLayer, header with a wrong checksum, is refused', { skip: notRoot }, async (t) => {
  const archive = tarOf({ name: 'first' }, { name: 'second' });
  archive[512 + 101]! ^= 1;
  const { error } = await refusedLayer(t, archive);
  assert.match(error.message, /"second": its header has a wrong checksum/);
});

test('addLayer, bytes after the end of the archive, are refused', { skip: notRoot }, async (t) => {
  const { error } = await refusedLayer(t, Buffer.concat([tarOf({ name: 'a' }), tarEntry({ name: 'b' })]));
  assert.match(error.message, /data after its end/);
});

test('addLayer, more zero blocks than two, is unpacked', { skip: notRoot }, async (t) => {
  const store = openTestStore(temporaryDirectory(t));
  const archive = Buffer.concat([tarOf({ name: 'a' }), Buffer.alloc(20 * 512)]);
  await store.addLayer(uncompressedLayer(archive), inPieces(archive));
  assert.ok(store.hasLayer(sha256(archive)));
});

test('addLayer, link to an absolute directory and a file behind it, stays below the root', { skip: notRoot }, async (t) => {
  const dataDir = temporaryDirectory(t);
  const store = openTestStore(dataDir);
  const name = `rkt-hostile-${process.pid}`;
  const archive = tarOf(toEtc, { name: `there/${name}`, data: 'inside' });
  await store.addLayer(uncompressedLayer(archive), inPieces(archive));
  assert.ok(!existsSync(`/etc/${name}`));
  const [layer] = readdirSync(join(dataDir, 'cas/layer'));
  assert.equal(readFileSync(join(dataDir, 'cas/layer', layer!, 'diff/etc', name), 'utf8'), 'inside');
});

test('addLayer, overlay attributes in the archive, are not restored', { skip: notRoot }, async (t) => {
  const dataDir = temporaryDirectory(t);
  const pax = { 'SCHILY.xattr.trusted.overlay.redirect': '/../../etc', 'SCHILY.xattr.user.kept': 'y' };
  const archive = tarOf({ name: 'd', type: '5', pax });
  await openTestStore(dataDir).addLayer(uncompressedLayer(archive), inPieces(archive));
  const [layer] = readdirSync(join(dataDir, 'cas/layer'));
  assert.deepEqual(listXattrs(join(dataDir, 'cas/layer', layer!, 'diff/d')), ['user.kept']);
});

test('addLayer, archive that grows beyond the limit, is refused', { skip: notRoot }, async (t) => {
  const archive = gzipSync(tarOf({ name: 'zeros', data: Buffer.alloc(8 << 20) }));
  const diffId = sha256(tarOf({ name: 'zeros', data: Buffer.alloc(8 << 20) }));
  const input = { diffId, digest: sha256(archive), compression: 'gzip' } as const;
  for (const limits of [{ unpackedBytes: 1 << 20 }, { ratio: 10, ratioFromBytes: 1 << 20 }]) {
    const store = openTestStore(temporaryDirectory(t), { limits });
    await assert.rejects(store.addLayer(input, inPieces(archive)), { code: 'archive-limit' });
  }
});

test('addLayer, more entries than the limit, is refused', { skip: notRoot }, async (t) => {
  const { error } = await refusedLayer(t, tarOf(...Array.from({ length: 11 }, (_, index) => ({ name: `f${index}` }))), { limits: { entries: 10 } });
  assert.match(error.message, /more than 10 entries/);
});

test('addLayer, wrong digest, diff ID or size, is refused and the bytes are forgotten', { skip: notRoot }, async (t) => {
  const dataDir = temporaryDirectory(t);
  const store = openTestStore(dataDir);
  const archive = tarOf({ name: 'a' });
  const input = uncompressedLayer(archive);
  const other = sha256(Buffer.from('other'));
  await assert.rejects(store.addLayer({ ...input, digest: other }, inPieces(archive)), { code: 'digest-mismatch' });
  await assert.rejects(store.addLayer({ ...input, diffId: other }, inPieces(archive)), { code: 'digest-mismatch' });
  await assert.rejects(store.addLayer({ ...input, size: archive.length + 1 }, inPieces(archive)), { code: 'size-mismatch' });
  await assert.rejects(store.addLayer({ ...input, size: archive.length - 1 }, inPieces(archive)), { code: 'size-mismatch' });
  assert.deepEqual(unfinishedIn(dataDir), []);
  assert.equal(store.hasLayer(input.diffId), false);
});

const manifest: RawEntry = { name: 'manifest', data: manifestText('example.com/app') };
const rootfs: RawEntry = { name: 'rootfs', type: '5', mode: 0o755 };
const badAcis: readonly (readonly [string, readonly RawEntry[], RegExp])[] = [
  ['second manifest', [manifest, rootfs, manifest], /"manifest": it is a second image manifest/],
  ['manifest that is a link', [{ name: 'manifest', type: '2', linkName: '/etc/passwd' }, rootfs], /not a regular file/],
  ['no manifest', [rootfs], /no image manifest/],
  ['no rootfs', [manifest], /no rootfs/],
  ['file beside the rootfs', [manifest, rootfs, { name: 'extra' }], /"extra": unrecognized file path/],
  ['manifest that is no JSON', [{ name: 'manifest', data: '{' }, rootfs], /bad image manifest/],
  ['name that climbs', [manifest, rootfs, { name: 'rootfs/../../x' }], /"rootfs\/\.\.\/\.\.\/x": it climbs/],
  ['hard link that climbs', [manifest, rootfs, { name: 'rootfs/h', type: '1', linkName: '../x' }], /its hard link target climbs/],
];

for (const [name, entries, reason] of badAcis) {
  test(`importAci, ${name}, is refused and leaves nothing`, async (t) => {
    const dataDir = temporaryDirectory(t);
    const file = join(dataDir, 'image.aci');
    writeFileSync(file, tarOf(...entries));
    const store = openTestStore(dataDir);
    await assert.rejects(store.importAci(file), reason);
    assert.deepEqual(unfinishedIn(dataDir), []);
    assert.deepEqual(store.list(), []);
  });
}

test('importAci, archive without its end, is refused', async (t) => {
  const dataDir = temporaryDirectory(t);
  const whole = tarOf(manifest, rootfs);
  writeFileSync(join(dataDir, 'image.aci'), whole.subarray(0, whole.length - 1024));
  await assert.rejects(openTestStore(dataDir).importAci(join(dataDir, 'image.aci')), /truncated/);
});

test('addLayer, global PAX header, holds for what follows', { skip: notRoot }, async (t) => {
  const dataDir = temporaryDirectory(t);
  const archive = tarOf({ name: 'g', type: 'g', data: paxBody({ mtime: '5', uid: '9' }) }, { name: 'a' }, { name: 'b', pax: { uid: '3' } });
  await openTestStore(dataDir).addLayer(uncompressedLayer(archive), inPieces(archive));
  const [layer] = readdirSync(join(dataDir, 'cas/layer'));
  const [a, b] = ['a', 'b'].map((name) => statSync(join(dataDir, 'cas/layer', layer!, 'diff', name)));
  assert.deepEqual([a!.mtimeMs, a!.uid, b!.mtimeMs, b!.uid], [5000, 9, 5000, 3]);
});

async function refusedLayer(t: TestContext, archive: Buffer, options: StoreOptions = {}): Promise<{ dataDir: string; error: StoreError }> {
  const dataDir = temporaryDirectory(t);
  const store = openTestStore(dataDir, options);
  const error = await store.addLayer(uncompressedLayer(archive), inPieces(archive)).then(
    () => assert.fail('it was unpacked'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof StoreError, String(error));
  return { dataDir, error };
}
