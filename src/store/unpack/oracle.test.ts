import assert from 'node:assert/strict';
import { chmodSync, lchownSync, linkSync, lutimesSync, mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findProgram, makeDevice, makeNode, mount, S_IF, setTimes, setXattr, unmount } from '#sys';
import { assertSameTree, describeTree, imageManifest, inPieces, must, notRoot, openTestStore, sha256, temporaryDirectory, uncompressedLayer } from '../store-fixture.ts';

const tar = findProgram('tar');
const bsdtar = findProgram('bsdtar');
const umoci = findProgram('umoci');

/** A tree with everything in it that is known to go wrong. */
function makeTorture(root: string): void {
  const at = (...names: string[]): string => join(root, ...names);
  mkdirSync(at('dir/sub/empty'), { recursive: true });
  writeFileSync(at('plain'), 'plain');
  writeFileSync(at('dir/big'), Buffer.alloc(3_000_001, 'abc'));
  writeFileSync(at('setuid'), 'x');
  lchownSync(at('setuid'), 1000, 2000);
  chmodSync(at('setuid'), 0o6755);
  writeFileSync(at('capable'), 'x');
  lchownSync(at('capable'), 12, 34);
  setXattr(at('capable'), 'security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex'));
  setXattr(at('plain'), 'user.bytes', Buffer.of(0xff, 0x00, 0x0a, 0x3d, 0x80));
  setXattr(at('dir/big'), 'user.value', Buffer.from('x=y\n'));
  setXattr(at('dir'), 'user.ondir', Buffer.from('1'));
  setXattr(at('dir'), 'trusted.ondir', Buffer.from('1'));
  linkSync(at('plain'), at('dir/hardlink'));
  symlinkSync('../../etc/passwd', at('dir/up'));
  symlinkSync('/absolute', at('absolute'));
  symlinkSync('t'.repeat(300), at('longlink'));
  lchownSync(at('absolute'), 7, 8);
  makeNode(at('null'), S_IF.CHR | 0o666, makeDevice(1, 3));
  makeNode(at('disk'), S_IF.BLK | 0o660, makeDevice(259, 70000));
  makeNode(at('fifo'), S_IF.FIFO | 0o640);
  writeFileSync(at('ü ñ \n new'), 'unicode');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0x2e])]), 'latin');
  const long = at(...Array.from({ length: 8 }, (_, index) => `${index}`.repeat(120)));
  mkdirSync(long, { recursive: true });
  writeFileSync(join(long, 'n'.repeat(255)), 'deep');
  sparse(at('sparse'), 9);
  sparse(at('very-sparse'), 200);
  writeFileSync(at('hole'), '');
  truncateSync(at('hole'), 1 << 20);
  chmodSync(at('dir/sub'), 0o3511);
  lchownSync(at('dir/sub'), 5, 6);
  chmodSync(at('dir/sub/empty'), 0o1777);
  lutimesSync(at('absolute'), 86400, 86400);
  setTimes(at('plain'), 1_234_567_890n, 123_456_789);
  utimesSync(at('dir/big'), 0, 0);
  for (const name of ['dir/sub/empty', 'dir/sub', 'dir', '']) utimesSync(at(name), 1_000_000_000, 1_000_000_000);
}

function sparse(path: string, pieces: number): void {
  const fd = openSync(path, 'w');
  for (let index = 0; index < pieces; index += 1) writeSync(fd, `piece ${index}`, index * 65536 + 4096);
  closeSync(fd);
  truncateSync(path, pieces * 65536 + 100_000);
}

async function unpackToDiff(dataDir: string, archive: Buffer): Promise<string> {
  const store = openTestStore(dataDir);
  const input = uncompressedLayer(archive);
  await store.addLayer(input, inPieces(archive, 77_777));
  const image = store.importLayers({ manifest: imageManifest('example.com/torture'), layers: [input.diffId] });
  const { lowerDirs } = await store.tree(image.id);
  return lowerDirs[0]!;
}

const XATTRS = ['--xattrs', '--xattrs-include=*'];
const formats: readonly (readonly [string, readonly string[]])[] = [
  ['gnu', ['--format=gnu']],
  ['gnu sparse', ['--format=gnu', '--sparse']],
  ['pax with xattrs', ['--format=pax', ...XATTRS]],
  ['pax sparse 0.0', ['--format=pax', '--sparse', '--sparse-version=0.0', ...XATTRS]],
  ['pax sparse 0.1', ['--format=pax', '--sparse', '--sparse-version=0.1', ...XATTRS]],
  ['pax sparse 1.0', ['--format=pax', '--sparse', '--sparse-version=1.0', ...XATTRS]],
];

for (const [name, options] of formats) {
  test(`addLayer, torture archive in format ${name}, unpacks as GNU tar does`, { skip: notRoot }, async (t) => {
    const { source, archive, work } = tortureArchive(t, (from, to) => must(tar!, ...options, '-C', from, '-cf', to, '.'));
    const expected = join(work, 'expected');
    mkdirSync(expected);
    must(tar!, '-xpf', archive, '-C', expected, '--numeric-owner', ...XATTRS);
    const diff = await unpackToDiff(join(work, 'data'), readFileSync(archive));
    assertSameTree(describeTree(diff), describeTree(expected));
    if (name.includes('sparse')) assert.ok(statSync(join(diff, 'very-sparse')).blocks < statSync(join(source, 'very-sparse')).size / 1024);
  });
}

test('addLayer, archive of bsdtar, unpacks as bsdtar does', { skip: notRoot || (bsdtar === undefined && 'bsdtar is not installed') }, async (t) => {
  const { archive, work } = tortureArchive(t, (from, to) => must(bsdtar!, '--format=pax', '-C', from, '-cf', to, '.'));
  const expected = join(work, 'expected');
  mkdirSync(expected);
  // GNU tar loses the times of directories in the order in which bsdtar writes them; bsdtar leaves the root's alone.
  must(bsdtar!, '-xpf', archive, '-C', expected, '--numeric-owner', '--xattrs');
  const belowRoot = (root: string): string[] => describeTree(root).filter((line) => !line.startsWith(' '));
  assertSameTree(belowRoot(await unpackToDiff(join(work, 'data'), readFileSync(archive))), belowRoot(expected));
});

const noUmoci = notRoot || (umoci === undefined && 'umoci is not installed');

test('addLayer, torture archive, unpacks as umoci does', { skip: noUmoci }, async (t) => {
  const { archive, work } = tortureArchive(t, (from, to) => must(tar!, '--format=pax', ...XATTRS, '-C', from, '-cf', to, '.'));
  const expected = umociUnpack(work, [archive]);
  assertSameTree(describeTree(await unpackToDiff(join(work, 'data'), readFileSync(archive))), describeTree(expected));
});

test('tree, layers with whiteouts mounted as an overlay, is what umoci unpacks', { skip: noUmoci }, async (t) => {
  const work = temporaryDirectory(t);
  const layers = whiteoutLayers(work);
  const expected = umociUnpack(work, layers);
  const store = openTestStore(join(work, 'data'));
  const inputs = layers.map((layer) => uncompressedLayer(readFileSync(layer)));
  await Promise.all(inputs.map((input, index) => store.addLayer(input, inPieces(readFileSync(layers[index]!)))));
  const image = store.importLayers({ manifest: imageManifest('example.com/whiteouts'), layers: inputs.map(({ diffId }) => diffId) });
  const { lowerDirs } = await store.tree(image.id);
  const merged = join(work, 'merged');
  mkdirSync(merged);
  mount({ source: 'overlay', target: merged, type: 'overlay', data: `lowerdir=${lowerDirs.join(':')}` });
  try {
    const withoutOverlay = (lines: string[]): string[] => lines.map((line) => line.replace(/\["trusted.overlay.[a-z]+","[0-9a-f]*"\],?/g, ''));
    assertSameTree(withoutOverlay(describeTree(merged)), describeTree(expected));
  } finally {
    unmount(merged);
  }
});

function tortureArchive(t: TestContext, pack: (from: string, to: string) => void): { source: string; archive: string; work: string } {
  const work = temporaryDirectory(t);
  const source = join(work, 'source');
  mkdirSync(source);
  makeTorture(source);
  const archive = join(work, 'layer.tar');
  pack(source, archive);
  return { source, archive, work };
}

function umociUnpack(work: string, layers: readonly string[]): string {
  const layout = join(work, 'oci');
  must(umoci!, 'init', '--layout', layout);
  must(umoci!, 'new', '--image', `${layout}:t`);
  for (const layer of layers) must(umoci!, 'raw', 'add-layer', '--image', `${layout}:t`, layer);
  const bundle = join(work, 'umoci');
  must(umoci!, 'unpack', '--image', `${layout}:t`, bundle);
  return join(bundle, 'rootfs');
}

/** Whiteouts before and after what they touch, over directories, in missing parents, and opaque ones. */
function whiteoutLayers(work: string): string[] {
  const base = layerOf(work, 'base', ['a/one', 'a/two', 'b/one', 'b/sub/two', 'c/one', 'd/one', 'e', 'f/g/h', 'keep']);
  const top = layerOf(work, 'top', ['.wh.e', 'a/.wh.one', 'b/.wh..wh..opq', 'b/new', '.wh.c', 'c/new', 'd/new', 'd/.wh.one', 'f/g/.wh.h', 'b/.wh.one', '.wh..wh.aufs']);
  const last = layerOf(work, 'last', ['e/again', 'a/one']);
  return [base, top, last];
}

function layerOf(work: string, name: string, files: readonly string[]): string {
  const root = mkdtempSync(join(work, `${name}-`));
  for (const file of files) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), `${name} ${sha256(Buffer.from(file))}`);
  }
  const archive = join(work, `${name}.tar`);
  must(tar!, '--format=pax', '--mtime=@1000000000', '--sort=name', '-C', root, '-cf', archive, '.');
  return archive;
}
