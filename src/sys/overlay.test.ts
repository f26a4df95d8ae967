import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MNT_DETACH, unmount, unshareMounts } from './mount.ts';
import { mountOverlay as mountIt, type OverlayRequest } from './overlay.ts';

const skip = process.getuid?.() === 0 ? false : 'mounting needs root';
if (skip === false) unshareMounts();
const root = mkdtempSync(join(tmpdir(), 'rkt-overlay-'));
const mounted: string[] = [];
after(() => {
  for (const target of mounted) unmount(target, MNT_DETACH);
  rmSync(root, { recursive: true, force: true });
});
let counter = 0;

function mountOverlay(request: OverlayRequest): void {
  mountIt(request);
  mounted.push(request.target);
}


function directory(name: string): string {
  const path = join(root, String(counter++), name);
  mkdirSync(path, { recursive: true });
  return path;
}

function layer(file: string, text: string, name = 'layer'): string {
  const path = directory(name);
  writeFileSync(join(path, file), text);
  return path;
}

test('mountOverlay, two layers and an upper, the top one wins and writes go up', { skip }, () => {
  const [target, upperDir, workDir] = [directory('target'), directory('upper'), directory('work')];
  mountOverlay({ target, lowerDirs: [layer('a', 'top'), layer('a', 'base')], upperDir, workDir });
  assert.equal(readFileSync(join(target, 'a'), 'utf8'), 'top');
  writeFileSync(join(target, 'new'), 'x');
  assert.ok(existsSync(join(upperDir, 'new')));
});

test('mountOverlay, 127 layers with long names, mounts them all', { skip }, () => {
  const [target, upperDir, workDir] = [directory('target'), directory('upper'), directory('work')];
  const lowerDirs = Array.from({ length: 127 }, (_, i) => layer(`file-${i}`, '', 'n'.repeat(100)));
  mountOverlay({ target, lowerDirs, upperDir, workDir });
  assert.equal(readdirSync(target).length, 127);
});

test('mountOverlay, names with separators, are taken as they are', { skip }, () => {
  const [target, upperDir, workDir] = [directory('t'), directory('up,per:1'), directory('work')];
  mountOverlay({ target, lowerDirs: [layer('a', '1', 'x:y'), layer('b', '2', 'p,q'), layer('c', '3', 'b\\s')], upperDir, workDir });
  assert.deepEqual(readdirSync(target), ['a', 'b', 'c']);
});

test('mountOverlay, one layer and no upper, is read-only', { skip }, () => {
  const target = directory('target');
  mountOverlay({ target, lowerDirs: [layer('a', 'x')] });
  assert.equal(readFileSync(join(target, 'a'), 'utf8'), 'x');
  assert.throws(() => writeFileSync(join(target, 'b'), ''), { code: 'EROFS' });
});
