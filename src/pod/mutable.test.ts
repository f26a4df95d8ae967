import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { AcName, ImageId, PodManifest } from '#appc';
import { createPod, isMutable, mutableAnnotation, openPod, PodError, type Pod, podFiles } from './index.ts';

const app = 'one' as AcName;
const manifest: PodManifest = {
  acVersion: '0.8.11',
  acKind: 'PodManifest',
  apps: [{ name: app, image: { id: `sha512-${'ab'.repeat(32)}` as ImageId }, app: { exec: ['/bin/true'], user: '0', group: '0' } }],
  volumes: null,
  isolators: null,
  annotations: [mutableAnnotation(true)],
  ports: null,
};

function runningPod(t: TestContext): { readonly dir: string; readonly pod: Pod } {
  const dir = mkdtempSync(join(tmpdir(), 'rkt-pod-test-'));
  const pod = createPod(dir);
  t.after(() => {
    pod.close();
    rmSync(dir, { recursive: true, force: true });
  });
  pod.writeManifest(manifest);
  pod.toRun();
  mkdirSync(pod.file(`${podFiles.stage1Rootfs}/rkt/status`), { recursive: true });
  return { dir, pod };
}

const mark = (pod: Pod, file: string, seconds: number, text = ''): void => {
  const path = pod.file(`${podFiles.stage1Rootfs}/${file}`);
  writeFileSync(path, text);
  utimesSync(path, seconds, seconds);
};

test('isMutable, only the annotation with true, says so', () => {
  assert.equal(isMutable(manifest), true);
  assert.equal(isMutable({ ...manifest, annotations: [mutableAnnotation(false)] }), false);
  assert.equal(isMutable({ ...manifest, annotations: null }), false);
});

test('apps, of a pod whose apps change, have states and times of their own', (t) => {
  const { pod } = runningPod(t);
  const read = (): unknown => {
    const [{ state, createdAt, startedAt, exitCode } = assert.fail()] = pod.apps();
    return [state, createdAt, startedAt, exitCode];
  };
  mark(pod, podFiles.created(app), 10);
  assert.deepEqual(read(), ['created', 10_000_000_000n, undefined, undefined]);
  mark(pod, podFiles.status(app), 15, '7\n');
  assert.deepEqual(read(), ['created', 10_000_000_000n, undefined, undefined], 'a status without a start');
  rmSync(pod.file(`${podFiles.stage1Rootfs}/${podFiles.status(app)}`));
  mark(pod, podFiles.started(app), 20);
  assert.deepEqual(read(), ['running', 10_000_000_000n, 20_000_000_000n, undefined]);
  mark(pod, podFiles.status(app), 30, '7\n');
  assert.deepEqual(read(), ['exited', 10_000_000_000n, 20_000_000_000n, 7]);
});

test('lockChanges, of a pod that has exited and of one that was marked, is given', (t) => {
  const { dir, pod } = runningPod(t);
  const { uuid } = pod;
  pod.close();
  using exited = openPod(dir, uuid);
  assert.equal(exited.state, 'exited');
  exited.lockChanges().release();
  assert.ok(existsSync(exited.file(podFiles.changes)));
  exited.toExitedGarbage();
  using moved = openPod(dir, uuid);
  moved.lockChanges().release();
});

test('toExitedGarbage, while another changes the apps, leaves the pod where it is', (t) => {
  const { dir, pod } = runningPod(t);
  const { uuid } = pod;
  pod.close();
  using exited = openPod(dir, uuid);
  const changing = exited.lockChanges();
  using other = openPod(dir, uuid);
  assert.throws(() => other.toExitedGarbage(), (error) => error instanceof PodError && error.code === 'pod-busy');
  assert.equal(other.phase, 'run');
  changing.release();
  other.toExitedGarbage();
  assert.equal(other.phase, 'exited-garbage');
});

test('lockChanges, of a pod that has moved, throws and makes nothing where it was', (t) => {
  const { dir, pod } = runningPod(t);
  const { uuid } = pod;
  pod.close();
  using stale = openPod(dir, uuid);
  using other = openPod(dir, uuid);
  other.toExitedGarbage();
  assert.throws(() => stale.lockChanges(), (error) => error instanceof PodError && error.code === 'pod-moved');
  assert.equal(existsSync(`${dir}/pods/run/${uuid}`), false);
});
