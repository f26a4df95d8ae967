import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgramSync } from '#sys';
import type { TarEntry } from './entry.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { TarReader } from './reader.ts';
import { SparseScan } from './sparse-writer.ts';
import { TarWriter, type WrittenEntry } from './writer.ts';

const NONE = Buffer.alloc(0);
const plain: TarEntry = {
  name: Buffer.from('file'), type: 'file', linkName: NONE, mode: 0o644, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 },
  size: 0, sparse: false, device: { major: 0, minor: 0 }, xattrs: new Map(),
};

function write(...entries: readonly (readonly [WrittenEntry, Buffer?])[]): Buffer {
  const pieces: Buffer[] = [];
  const writer = new TarWriter((piece) => pieces.push(Buffer.from(piece)));
  for (const [entry, content = NONE] of entries) {
    writer.entry(entry);
    writer.data(content);
    writer.endEntry();
  }
  writer.finish();
  return Buffer.concat(pieces);
}

function read(archive: Buffer): { entry: TarEntry; content: Buffer }[] {
  const found: { entry: TarEntry; content: Buffer }[] = [];
  const reader = new TarReader(
    {
      entry: (entry) => found.push({ entry, content: Buffer.alloc(entry.size) }),
      data: (piece, position) => void piece.copy(found.at(-1)!.content, position),
      endEntry: () => {},
    },
    DEFAULT_LIMITS,
  );
  reader.push(archive);
  reader.finish({ whole: true });
  return found;
}

const cases: readonly (readonly [string, Partial<TarEntry>])[] = [
  ['plain', {}],
  ['name of 100 bytes', { name: Buffer.alloc(100, 'n') }],
  ['name of 101 bytes', { name: Buffer.alloc(101, 'n') }],
  ['name that is not UTF-8', { name: Buffer.from([0x61, 0xff, 0xfe]) }],
  ['long directory', { name: Buffer.alloc(300, 'd'), type: 'directory' }],
  ['long link', { type: 'symlink', linkName: Buffer.alloc(400, 'l') }],
  ['hard link', { type: 'link', linkName: Buffer.from('ünïcode') }],
  ['big owners', { uid: 4_294_967_294, gid: 2_097_152 }],
  ['largest owners of ustar', { uid: 2_097_151, gid: 2_097_151 }],
  ['time with nanoseconds', { mtime: { seconds: 1, nanoseconds: 1 } }],
  ['time before 1970', { mtime: { seconds: -2, nanoseconds: 250_000_000 } }],
  ['time far ahead', { mtime: { seconds: 2 ** 40, nanoseconds: 0 } }],
  ['devices', { type: 'block', device: { major: 259, minor: 300_000 } }],
  ['special bits', { mode: 0o7777 }],
  ['attributes', { xattrs: new Map([['user.a=b%', Buffer.from([0, 10, 255, 61])], ['security.capability', Buffer.alloc(20, 1)]]) }],
];

for (const [name, change] of cases) {
  test(`TarWriter, ${name}, read back as it was`, () => {
    const [found] = read(write([{ ...plain, ...change }]));
    assert.deepEqual(found!.entry, { ...plain, ...change });
  });
}

test('TarWriter, a size beyond 8 GiB, in a PAX record', () => {
  const pieces: Buffer[] = [];
  new TarWriter((piece) => pieces.push(piece)).entry({ ...plain, size: 2 ** 33 });
  assert.match(Buffer.concat(pieces).toString('latin1'), /size=8589934592\n/);
});

test('TarWriter, sparse files, with and without holes at the ends, read back whole', () => {
  for (const [from, to, size] of [[4096, 8192, 40_960], [0, 4096, 40_960], [36_864, 40_000, 40_000], [0, 0, 40_960]] as const) {
    const content = Buffer.alloc(size).fill('x', from, to);
    const scan = new SparseScan();
    scan.take(content);
    const pieces = scan.finish();
    const data = Buffer.concat(pieces.map(({ position, length }) => content.subarray(position, position + length)));
    const [found] = read(write([{ ...plain, size, pieces }, data]));
    assert.ok(found!.content.equals(content));
    assert.ok(found!.entry.sparse && found!.entry.size === size && data.length < size);
  }
});

test('TarWriter, all of it, GNU tar finds nothing to complain of', () => {
  const archive = write(...cases.map(([name, change]) => [{ ...plain, name: Buffer.from(name), ...change }] as const));
  const { status, stderr, stdout } = runProgramSync('/bin/tar', ['-tvf', '-', '--xattrs'], { input: archive });
  assert.equal(status, 0, stderr);
  assert.equal(stdout.trim().split('\n').length, cases.length);
});

test('TarWriter, content of another length than was said, refused', () => {
  const writer = new TarWriter(() => {});
  writer.entry({ ...plain, size: 2 });
  assert.throws(() => writer.data(Buffer.alloc(3)));
  assert.throws(() => writer.endEntry());
});
