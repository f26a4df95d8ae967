import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { AcName, ImageId, PodManifest } from '#appc';
import { createPod, listPods, openPod, phases, type Pod, PodError, podFiles, visiblePhases } from './index.ts';

const name = (text: string): AcName => text as AcName;
const imageId = `sha512-${'ab'.repeat(32)}` as ImageId;
const manifest: PodManifest = {
  acVersion: '0.8.11',
  acKind: 'PodManifest',
  apps: ['one', 'two'].map((each) => ({
    name: name(each),
    image: { id: imageId },
    app: { exec: ['/bin/true'], user: '0', group: '0' },
  })),
  volumes: null,
  isolators: null,
  annotations: null,
  ports: null,
};

function dataDir(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rkt-pod-test-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function exitedPod(dir: string): string {
  using pod = createPod(dir);
  pod.writeManifest(manifest);
  pod.toRun();
  return pod.uuid;
}

function fails(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof PodError && error.code === code && message.test(error.message);
}

function whereItIs(dir: string): string {
  return phases.filter((phase) => readdirSync(`${dir}/pods/${phase}`).length > 0).join();
}

test('createPod, new data directory, is preparing and locked with nothing left in embryo', (t) => {
  const dir = dataDir(t);
  using pod = createPod(dir);
  assert.equal(pod.state, 'preparing');
  assert.equal(whereItIs(dir), 'prepare');
  using other = openPod(dir, pod.uuid);
  assert.equal(other.state, 'preparing');
  assert.equal(other.lockExclusive(), false);
  assert.equal(statSync(`${dir}/pods/prepare`).mode & 0o777, 0o750);
});

test('Pod, whole life from prepare to nothing, has the state of each step', (t) => {
  const dir = dataDir(t);
  const states: string[] = [];
  const look = (): void => {
    using pod = openPod(dir, uuid);
    states.push(pod.state);
  };
  const maker = createPod(dir);
  const { uuid } = maker;
  maker.writeManifest(manifest);
  look();
  maker.toPrepared();
  maker.close();
  look();
  const runner = openPod(dir, uuid.slice(0, 8).toUpperCase());
  runner.toRun();
  look();
  runner.close();
  look();
  using gc = openPod(dir, uuid);
  gc.toExitedGarbage();
  look();
  assert.ok(gc.lockExclusive());
  look();
  gc.remove();
  assert.throws(() => openPod(dir, uuid), fails('pod-not-found', /no matches found for/));
  assert.deepEqual(states, ['preparing', 'prepared', 'running', 'exited', 'exited garbage', 'exited deleting']);
});

test('toGarbage, prepared and aborted pods, moves them unlocked; a running one is refused', (t) => {
  const dir = dataDir(t);
  const prepared = createPod(dir);
  prepared.toPrepared();
  prepared.toGarbage();
  assert.equal(prepared.state, 'garbage');
  prepared.close();
  const aborted = createPod(dir);
  aborted.close();
  using again = openPod(dir, aborted.uuid);
  assert.equal(again.state, 'aborted prepare');
  again.toGarbage();
  assert.equal(again.state, 'garbage');
  using running = createPod(dir);
  using beside = openPod(dir, running.uuid);
  assert.throws(() => beside.toGarbage(), fails('pod-busy', /is preparing/));
  running.toRun();
  assert.throws(() => beside.toGarbage(), fails('pod-busy', /is running/));
  assert.throws(() => beside.toExitedGarbage(), fails('pod-not-exited', /it is running/));
});

test('toExitedGarbage, marked by another meanwhile, does nothing and follows the pod', (t) => {
  const dir = dataDir(t);
  const uuid = exitedPod(dir);
  using one = openPod(dir, uuid);
  using two = openPod(dir, uuid);
  one.toExitedGarbage();
  two.toExitedGarbage();
  assert.equal(two.path, `${dir}/pods/exited-garbage/${uuid}`);
  assert.ok(two.gcMarkedAt! > 0n);
});

test('toRun, pod already run, throws that it is not prepared', (t) => {
  const dir = dataDir(t);
  const maker = createPod(dir);
  maker.toPrepared();
  maker.close();
  using late = openPod(dir, maker.uuid);
  using first = openPod(dir, maker.uuid);
  first.toRun();
  assert.throws(() => late.toRun(), fails('pod-not-prepared', /^pod ".*" is not prepared$/));
  assert.equal(late.state, 'running');
});

test('openPod, odd names, throws with the texts of rkt', (t) => {
  const dir = dataDir(t);
  assert.throws(() => openPod(dir, ''), fails('uuid-empty', /^UUID cannot be empty$/));
  assert.throws(() => openPod(dir, 'beef'), fails('pod-not-found', /^no matches found for "beef"$/));
  for (const tail of ['1', '2']) mkdirSync(`${dir}/pods/run/deadbeef-0000-4000-8000-00000000000${tail}`, { recursive: true });
  assert.throws(() => openPod(dir, 'dead'), fails('uuid-ambiguous', /^ambiguous uuid, 2 matches$/));
  assert.throws(() => openPod(dir, '../../x'), fails('pod-not-found', /no matches/));
});

test('PodView, pod with everything, reads apps, times, pids and networks', (t) => {
  const dir = dataDir(t);
  const uuid = exitedPod(dir);
  using pod = openPod(dir, uuid);
  mkdirSync(pod.file('stage1/rootfs/rkt/status'), { recursive: true });
  writeFileSync(pod.file('stage1/rootfs/rkt/status/one'), '5');
  symlinkSync('ready', pod.file('stage1/rootfs/rkt/supervisor-status'));
  writeFileSync(pod.file(podFiles.overlayPrepared), '');
  writeFileSync(pod.file(podFiles.stage1TreeStoreId), 'deps-sha512-0');
  writeFileSync(pod.file(podFiles.ppid), '41\n');
  assert.equal(pod.pid(), 41);
  writeFileSync(pod.file(podFiles.pid), '42');
  writeFileSync(pod.file(podFiles.netInfo), '[{"netName":"default","ip":"172.16.28.2"}]');
  assert.equal(pod.pid(), 42);
  assert.equal(pod.isReady(), true);
  assert.deepEqual(pod.networks().map((net) => `${net.netName}:${net.ip}:${net.mask}`), ['default:172.16.28.2:']);
  assert.deepEqual(pod.apps().map((app) => [app.name, app.state, app.exitCode]), [
    ['one', 'exited', 5],
    ['two', 'exited', undefined],
  ]);
  assert.equal(pod.createdAt, statSync(pod.file('pod'), { bigint: true }).mtimeNs);
  assert.equal(pod.startedAt, statSync(pod.file('pid'), { bigint: true }).mtimeNs);
  assert.ok(pod.finishedAt! >= pod.createdAt!);
});

test('PodView, moved by another process while open, still reads the same files', (t) => {
  const dir = dataDir(t);
  const uuid = exitedPod(dir);
  using reader = openPod(dir, uuid);
  using gc = openPod(dir, uuid);
  gc.toExitedGarbage();
  assert.equal(reader.manifest().apps.length, 2);
});

test('PodView, exit codes in an overlay that only the pod sees, are found in its upper directory', (t) => {
  const dir = dataDir(t);
  using pod = openPod(dir, exitedPod(dir));
  writeFileSync(pod.file(podFiles.stage1TreeStoreId), 'deps-sha512-1');
  writeFileSync(pod.file(podFiles.overlayPrepared), '');
  mkdirSync(pod.file('overlay/deps-sha512-1/upper/rkt/status'), { recursive: true });
  writeFileSync(pod.file('overlay/deps-sha512-1/upper/rkt/status/two'), '7\n');
  assert.deepEqual(pod.apps().map((app) => app.exitCode), [undefined, 7]);
});

test('writeManifest, second version, keeps the time of the first', (t) => {
  using pod = createPod(dataDir(t));
  pod.writeManifest(manifest);
  pod.toRun();
  const { createdAt } = pod;
  pod.writeManifest({ ...manifest, apps: [] });
  assert.equal(pod.createdAt, createdAt);
  assert.equal(pod.apps().length, 0);
});

test('listPods, manifests missing and cut off, gives every pod with its state and can throw it away', (t) => {
  const dir = dataDir(t);
  const [whole, cut, missing] = [exitedPod(dir), exitedPod(dir), exitedPod(dir)];
  truncateSync(`${dir}/pods/run/${cut}/pod`, 10);
  rmSync(`${dir}/pods/run/${missing}/pod`);
  writeFileSync(`${dir}/pods/run/${cut}/net-info.json`, '[{"netNa');
  writeFileSync(`${dir}/pods/run/not-a-pod`, '');
  const seen = [...map(listPods(dir), (pod) => [pod.uuid, pod.state, pod.apps().length, pod.networks().length])];
  const expected = [[whole, 'exited', 2, 0], [cut, 'exited', 0, 0], [missing, 'exited', 0, 0]];
  assert.deepEqual(seen, expected.sort(([a], [b]) => (a! < b! ? -1 : 1)));
  using broken = openPod(dir, cut);
  assert.throws(() => broken.manifest(), fails('manifest-invalid', /invalid pod manifest/));
  for (const pod of listPods(dir)) {
    pod.toExitedGarbage();
    assert.ok(pod.lockExclusive());
    pod.remove();
  }
  assert.equal(whereItIs(dir), 'run');
  assert.deepEqual(readdirSync(`${dir}/pods/run`), ['not-a-pod']);
});

test('listPods, pods vanish and move while it runs, leaves out and follows', (t) => {
  const dir = dataDir(t);
  const uuids = [exitedPod(dir), exitedPod(dir), exitedPod(dir)].sort();
  const walk = listPods(dir, ['run']);
  assert.equal(walk.next().value?.uuid, uuids[0]);
  rmSync(`${dir}/pods/run/${uuids[1]}`, { recursive: true });
  using moved = openPod(dir, uuids[2]!);
  moved.toExitedGarbage();
  assert.equal(walk.next().done, true);
  assert.deepEqual([...map(listPods(dir, visiblePhases), (pod) => pod.phase)], ['run', 'exited-garbage']);
});

test('listPods, a file where a pod would be, is left out, and opening it finds none', (t) => {
  const dir = dataDir(t);
  const uuid = exitedPod(dir);
  const other = '00000000-0000-4000-8000-000000000000';
  writeFileSync(`${dir}/pods/run/${other}`, '');
  assert.deepEqual([...map(listPods(dir), (pod) => pod.uuid)], [uuid]);
  assert.throws(() => openPod(dir, other), fails('pod-not-found', /no matches found/));
});

test('listPods, no data directory, gives none', () => {
  assert.deepEqual([...listPods('/nonexistent/rkt')], []);
});

function* map<T>(pods: Iterable<Pod>, body: (pod: Pod) => T): Generator<T> {
  for (const pod of pods) yield body(pod);
}
