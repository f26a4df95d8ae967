import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type AcIdentifier, type ImageManifest, parseImageManifest } from '#appc';
import { getXattr, listXattrs, runProgramSync } from '#sys';
import { openStore } from './open-store.ts';
import type { Self } from './confinement.ts';
import { appendToLayer } from './layer/partial-file.ts';
import { joinPath, onDisk } from './tar/entry-path.ts';
import { type RawEntry, tarOf } from './tar/tar-fixture.ts';
import type { FillLayer, LayerDigest, LayerInput, Store, StoredImage, StoreOptions } from './types.ts';

/** What the tests of this room start from: real archives, a real store, a real unpacker. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const door = fileURLToPath(new URL('./index.ts', import.meta.url));
const program = `
const [, command, ...args] = process.argv;
const store = await import(${JSON.stringify(door)});
const { archiverMain, packerMain } = command === '__unpack' ? {} : await store.loadArchives();
process.exitCode = await (command === '__pack' ? packerMain() : command === '__archive' ? archiverMain(args) : store.unpackerMain(args));
`;

/** Starts this Node as the program would start itself. */
export const self = {
  path: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program, '--'],
  confine: join(root, 'native/build/confine'),
  files: [root],
} satisfies Self;

export const notRoot = process.geteuid?.() === 0 ? false : 'needs root: it changes owners, and makes devices';

export function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rkt-store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function openTestStore(dataDir: string, options: StoreOptions = {}): Store {
  return openStore(dataDir, { self, ...options });
}

/** Runs a program that must succeed. */
export function must(path: string, ...args: string[]): string {
  const result = runProgramSync(path, args);
  if (result.status !== 0) throw new Error(`${path} ${args.join(' ')}: status ${result.status}\n${result.stderr}`);
  return result.stdout;
}

export function sha256(bytes: Buffer): LayerDigest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function uncompressedLayer(archive: Buffer): LayerInput {
  return { diffId: sha256(archive), digest: sha256(archive), size: archive.length, compression: 'none' };
}

/** A source that gives bytes in pieces. */
export async function* inPieces(bytes: Buffer, size = 50_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** A source that appends what is missing, piece by piece. */
export function filling(bytes: Buffer): FillLayer {
  return async (file) => {
    for await (const piece of inPieces(bytes.subarray(file.size))) {
      appendToLayer(file, piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

export function manifestText(name: string, more: object = {}): string {
  return JSON.stringify({ acKind: 'ImageManifest', acVersion: '0.8.11', name, ...more });
}

export function imageManifest(name: string, more: object = {}): ImageManifest {
  return parseImageManifest(manifestText(name, more));
}

/** Two trees are the same in all that can be seen; else the lines that differ are shown. */
export function assertSameTree(actual: readonly string[], expected: readonly string[]): void {
  const only = (a: readonly string[], b: readonly string[]): string[] => a.filter((line) => !b.includes(line));
  assert.deepEqual({ unexpected: only(actual, expected), missing: only(expected, actual) }, { unexpected: [], missing: [] });
  assert.equal(actual.length, expected.length);
}

/** All that can be seen of a tree, as lines that can be compared. */
export function describeTree(root: string): string[] {
  const inodes = new Map<bigint, string>();
  const lines: string[] = [];
  const walk = (path: string): void => {
    const place = onDisk(root, path);
    const stat = lstatSync(place, { bigint: true });
    const first = stat.isDirectory() ? path : (inodes.get(stat.ino) ?? path);
    inodes.set(stat.ino, first);
    const xattrs = stat.isSymbolicLink() ? [] : listXattrs(place).sort().map((name) => [name, getXattr(place, name)!.toString('hex')]);
    const content = stat.isFile() ? sha256(readFileSync(place)) : stat.isSymbolicLink() ? readlinkSync(place, { encoding: 'buffer' }).toString('hex') : '';
    const size = stat.isDirectory() ? 0 : stat.size;
    lines.push([path, stat.mode.toString(8), stat.uid, stat.gid, stat.mtimeNs, size, stat.rdev, first, JSON.stringify(xattrs), content].join(' '));
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(place, { encoding: 'buffer' })) walk(joinPath(path, name.toString('latin1')));
  };
  walk('');
  return lines.sort();
}

export const named = (name: string): AcIdentifier => name as AcIdentifier;

export const version = (value: string): object => ({ labels: [{ name: 'version', value }] });

export function openHere(t: TestContext): { store: Store; dataDir: string } {
  const dataDir = temporaryDirectory(t);
  return { store: openTestStore(dataDir), dataDir };
}

export function aci(name: string, files: Readonly<Record<string, string>>, more: object = {}): Buffer {
  const entries: RawEntry[] = Object.entries(files).map(([path, data]) => ({ name: `rootfs/${path}`, data }));
  return tarOf({ name: 'manifest', data: manifestText(name, more) }, { name: 'rootfs', type: '5', mode: 0o755 }, ...entries);
}

export async function importBytes(store: Store, bytes: Buffer): Promise<StoredImage> {
  const file = join(store.temporaryDirectory(), `test-${process.pid}.aci`);
  writeFileSync(file, bytes);
  return store.importAci(file);
}

export async function importLayered(store: Store, name: string, ...layers: Buffer[]): Promise<StoredImage> {
  for (const layer of layers) await store.addLayer(uncompressedLayer(layer), inPieces(layer));
  return store.importLayers({ manifest: imageManifest(name), layers: layers.map(sha256) });
}

/** The names of all that is unfinished in a store, of root and of others. */
export function unfinishedIn(dataDir: string): string[] {
  return ['tmp', 'private'].flatMap((name) => (existsSync(join(dataDir, 'cas', name)) ? readdirSync(join(dataDir, 'cas', name)) : []));
}
