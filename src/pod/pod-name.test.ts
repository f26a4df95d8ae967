import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { PodManifest } from '#appc';
import { collectPodNames, createPod, openPod, type Pod, parsePodName, podFiles, podNameOf, withPodName } from './index.ts';

const web = parsePodName('web');
const manifest: PodManifest = { acVersion: '0.8.11', acKind: 'PodManifest', apps: [], volumes: null, isolators: null, annotations: null, ports: null };

function dataDir(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rkt-pod-name-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function namedPod(dir: string, name = web): Pod {
  const pod = createPod(dir);
  pod.claimName(name);
  pod.writeManifest(withPodName(manifest, name));
  return pod;
}

function uuidOf(dir: string, text: string): string {
  using pod = openPod(dir, text);
  return pod.uuid;
}

function collect(dir: string, uuid: string): void {
  using pod = openPod(dir, uuid);
  pod.toExitedGarbage();
  assert.ok(pod.lockExclusive());
  pod.remove();
}

test('parsePodName, what is no label of DNS or is a UUID, throws', () => {
  const uuid = '6f4f2914-c740-4285-b9d2-7d2920c83493';
  for (const bad of ['', 'Web', '-web', 'web-', 'a.b', 'a/b', '..', 'a_b', 'x'.repeat(64), uuid]) {
    assert.throws(() => parsePodName(bad), { code: 'pod-name-invalid' }, bad);
  }
  for (const good of ['a', 'web', '6f4f2914', 'a--b', 'x'.repeat(63)]) assert.equal(parsePodName(good), good);
});

test('podNameOf, a manifest that a user wrote, is checked', () => {
  assert.equal(podNameOf(manifest), undefined);
  assert.equal(podNameOf(withPodName(withPodName(manifest, parsePodName('a')), web)), 'web');
  assert.throws(() => podNameOf(withPodName(manifest, '../x' as typeof web)), { code: 'pod-name-invalid' });
});

test('openPod, a whole UUID then a name then a prefix, is the order in which words are understood', (t) => {
  const dir = dataDir(t);
  using first = createPod(dir);
  const prefix = first.uuid.slice(0, 8);
  assert.equal(uuidOf(dir, prefix), first.uuid);
  using named = namedPod(dir, parsePodName(prefix));
  assert.equal(uuidOf(dir, prefix), named.uuid);
  assert.equal(uuidOf(dir, first.uuid), first.uuid);
  assert.equal(uuidOf(dir, first.uuid.slice(0, 9)), first.uuid);
  assert.equal(uuidOf(dir, prefix.toUpperCase()), named.uuid);
  for (const other of ['web', '../names/web', '.new']) assert.throws(() => openPod(dir, other), { code: 'pod-not-found' });
});

test('claimName, the holder is being prepared or prepared or running, throws and says whose it is', (t) => {
  const dir = dataDir(t);
  using holder = namedPod(dir);
  using other = createPod(dir);
  const refused = (state: string): void =>
    assert.throws(() => other.claimName(web), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'pod-name-taken');
      assert.equal(error.message, `pod name "web" is taken by pod "${holder.uuid}"`);
      assert.ok(error.hint.startsWith(`it is ${state}`), error.hint);
      return true;
    });
  refused('preparing');
  holder.claimName(web);
  holder.toPrepared();
  refused('prepared');
  holder.toRun();
  refused('running');
  assert.equal(uuidOf(dir, 'web'), holder.uuid);
});

test('claimName, the holder has exited or was given up, takes the name, and their collection leaves it', (t) => {
  const dir = dataDir(t);
  const exited = namedPod(dir);
  exited.toRun();
  exited.close();
  assert.equal(uuidOf(dir, 'web'), exited.uuid);
  const aborted = namedPod(dir);
  aborted.close();
  using next = namedPod(dir);
  collect(dir, exited.uuid);
  assert.equal(uuidOf(dir, 'web'), next.uuid);
  using garbage = openPod(dir, aborted.uuid);
  garbage.toGarbage();
  assert.equal(uuidOf(dir, 'web'), next.uuid);
});

test('claimName, the supervisor was killed and its processes are going, waits for them', (t) => {
  const dir = dataDir(t);
  const dying = namedPod(dir);
  // No process has this number.
  writeFileSync(dying.file(podFiles.ppid), `${2 ** 30}\n`);
  dying.toRun();
  using other = createPod(dir);
  assert.throws(() => other.claimName(web), { code: 'pod-name-taken' });
  dying.close();
  other.claimName(web);
  assert.equal(uuidOf(dir, 'web'), other.uuid);
});

test('remove, the last pod that had a name, leaves no link; collectPodNames removes those of a crash', (t) => {
  const dir = dataDir(t);
  const pod = namedPod(dir);
  pod.toRun();
  pod.close();
  collect(dir, pod.uuid);
  assert.deepEqual(readdirSync(`${dir}/names`), []);
  collectPodNames(`${dir}/nowhere`);
  using kept = namedPod(dir, parsePodName('kept'));
  symlinkSync(pod.uuid, `${dir}/names/stray`);
  symlinkSync('../../etc/passwd', `${dir}/names/strange`);
  assert.throws(() => openPod(dir, 'stray'), { code: 'pod-not-found' });
  assert.throws(() => openPod(dir, 'strange'), { code: 'pod-not-found' });
  collectPodNames(dir);
  assert.deepEqual(readdirSync(`${dir}/names`), ['kept']);
  assert.equal(uuidOf(dir, 'kept'), kept.uuid);
});
