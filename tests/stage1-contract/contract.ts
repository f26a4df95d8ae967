/** What rkt promises of a pod whatever its stage1 is: the same tests for all of them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findPodLeaks } from '#tests/support';
import { openScene, type Scene } from '../functional/scene.ts';
import { startPod } from './pod.ts';

export interface Subject {
  readonly name: string;
  readonly skip: string | false;
  /** The flags that choose it; makes its image where there is one to be made. */
  choose(scene: Scene): string[];
  /** Somebody stays to say how an app has ended. */
  readonly tellsExits: boolean;
  readonly severalApps: boolean;
  readonly mutable: boolean;
}

const sh = (script: string): string[] => ['--exec=/bin/sh', '--', '-c', script];
const LONG = 'echo up; while :; do sleep 1; done';

/** Collected at once, a pod leaves nothing, in its place and in the kernel; the scene's own end looks for mounts and processes. */
async function collect(scene: Scene, uuid: string): Promise<void> {
  await scene.rkt(['gc', '--grace-period=0s']);
  const pods = join(scene.home.dataDir, 'pods');
  assert.deepEqual(readdirSync(pods).flatMap((phase) => readdirSync(join(pods, phase))), []);
  assert.deepEqual(findPodLeaks(uuid), []);
}

/** Waits until the pod has exited. */
async function exited(scene: Scene, uuid: string): Promise<Record<string, string>> {
  await scene.rkt(['status', '--wait=30s', uuid]);
  const status = await scene.status(uuid);
  assert.equal(status['state'], 'exited');
  return status;
}

export function contract(subject: Subject): void {
  const { mutable, name, severalApps, skip, tellsExits } = subject;
  const promise = (what: string, body: (scene: Scene, run: readonly string[]) => Promise<void>): void => {
    test(`stage1 ${name}, ${what}`, { skip }, async () => {
      await using scene = openScene();
      await body(scene, ['run', '--net=host', ...subject.choose(scene)]);
    });
  };

  promise('an app that ends, ends the pod with its output and exit code', async (scene, run) => {
    const file = scene.home.file('uuid');
    const { stdout } = await scene.insecure([...run, `--uuid-file-save=${file}`, '--set-env=WORD=hello', scene.aci, ...sh('echo "$WORD $AC_APP_NAME"; exit 3')], { status: 3 });
    assert.equal(stdout, 'hello busybox\n');
    const uuid = await scene.untilFile(file);
    const status = await exited(scene, uuid);
    if (tellsExits) assert.equal(status['app-busybox'], '3');
    assert.match((await scene.rkt(['list', '--no-legend'])).stdout, /\tbusybox\t.*\texited\t/);
    await collect(scene, uuid);
  });

  promise('a running pod, is listed, entered and asked to stop', async (scene, run) => {
    const { ended, uuid } = await startPod(scene, [...run, scene.aci, ...sh(`echo made > /made; ${LONG}`)]);
    const status = await scene.status(uuid);
    assert.equal(status['state'], 'running');
    assert.ok(Number(status['pid']) > 1);
    const entered = await scene.rkt(['enter', uuid, '/bin/sh', '-c', 'cat /made; exit 7'], { status: 7 });
    assert.equal(entered.stdout, 'made\n');
    assert.match((await scene.rkt(['rm', uuid], { status: 254 })).stderr, /running/);
    assert.equal((await scene.rkt(['stop', uuid])).stdout, `"${uuid}"\n`);
    await ended;
    await exited(scene, uuid);
    await collect(scene, uuid);
  });

  promise('stop --force, ends a pod that does not listen', async (scene, run) => {
    const { ended, uuid } = await startPod(scene, [...run, scene.aci, ...sh(`trap "" TERM; ${LONG}`)]);
    await scene.rkt(['stop', '--force', uuid]);
    await ended;
    await exited(scene, uuid);
    await collect(scene, uuid);
  });

  promise('a pod that is killed, has exited and leaves nothing', async (scene, run) => {
    const { ended, kill, uuid } = await startPod(scene, [...run, scene.aci, ...sh(LONG)]);
    kill();
    await ended;
    await exited(scene, uuid);
    await collect(scene, uuid);
  });

  promise('an exited pod, is exported as its app has left it', async (scene, run) => {
    const file = scene.home.file('uuid');
    await scene.insecure([...run, `--uuid-file-save=${file}`, scene.aci, ...sh('echo left behind > /made')]);
    const uuid = await scene.untilFile(file);
    await scene.rkt(['export', uuid, scene.home.file('out.aci')]);
    await collect(scene, uuid);
    assert.equal((await scene.insecure(['run', '--net=none', scene.home.file('out.aci'), '--exec=/bin/cat', '--', '/made'])).stdout, 'left behind\n');
  });

  promise('--no-overlay, has copies and no mounts of files', async (scene, run) => {
    const pod = await startPod(scene, [...run, '--no-overlay', scene.aci, ...sh(`echo made > /made; ${LONG}`)]);
    assert.equal(existsSync(join(pod.directory, 'stage1/rootfs/opt/stage2/busybox/rootfs/made')), true);
    assert.equal((await scene.rkt(['enter', pod.uuid, '/bin/cat', '/made'])).stdout, 'made\n');
    await scene.rkt(['stop', '--force', pod.uuid]);
    await pod.ended;
    await exited(scene, pod.uuid);
    await collect(scene, pod.uuid);
  });

  promise('a prepared pod, is run with the stage1 it was prepared with', async (scene) => {
    const uuid = await scene.prepare(...subject.choose(scene), scene.aci, ...sh('echo later'));
    const { stdout } = await scene.rkt(['run-prepared', '--net=host', uuid]);
    assert.equal(stdout, 'later\n');
    await collect(scene, uuid);
  });

  promise('a prepared pod that is never run, is removed', async (scene) => {
    const uuid = await scene.prepare(...subject.choose(scene), scene.aci, ...sh('true'));
    await scene.rkt(['rm', uuid]);
    await collect(scene, uuid);
  });

  if (severalApps) {
    promise('several apps, each have their files and their exit code', async (scene, run) => {
      const file = scene.home.file('uuid');
      const one = [scene.aci, '--name=one', ...sh('echo one > /own; sleep 1; cat /own')];
      const two = [scene.aci, '--name=two', ...sh('echo two > /own; sleep 1; cat /own')];
      const { stdout } = await scene.insecure([...run, `--uuid-file-save=${file}`, ...one, '---', ...two]);
      assert.match(stdout, /one\n/);
      assert.match(stdout, /two\n/);
      const uuid = await scene.untilFile(file);
      const status = await exited(scene, uuid);
      assert.deepEqual([status['app-one'], status['app-two']], ['0', '0']);
      await collect(scene, uuid);
    });
  }

  if (mutable) mutableContract(subject);
  else {
    promise('app sandbox, is refused with a reason and leaves no pod', async (scene) => {
      const { stderr } = await scene.insecure(['app', 'sandbox', '--net=host', ...subject.choose(scene)], { status: 1 });
      assert.match(stderr, /stage1 does not support mutable pods/);
      assert.equal((await scene.rkt(['list', '--no-legend'])).stdout, '\n');
    });
  }
}

function mutableContract({ choose, name, skip }: Subject): void {
  test(`stage1 ${name}, apps that come and go, are added, started, entered, stopped and removed`, { skip }, async () => {
    await using scene = openScene();
    await scene.insecure(['fetch', scene.aci]);
    const pod = await startPod(scene, ['app', 'sandbox', '--net=host', ...choose(scene)], '');
    await scene.rkt(['status', '--wait-ready=30s', pod.uuid]);
    const app = (verb: string, ...words: readonly string[]) => scene.rkt(['app', verb, pod.uuid, ...words]);
    const states = async (): Promise<string[]> => (await app('list', '--no-legend')).stdout.trim().split('\n').map((line) => line.replace(/\t+/, ' '));
    await app('add', 'example.com/busybox', '--name=one', ...sh('echo made > /made; while :; do sleep 1; done'));
    assert.deepEqual(await states(), ['one created']);
    await scene.rkt(['app', 'add', pod.uuid, 'example.com/busybox', '--name=one'], { status: 254 });
    await app('start', '--app=one');
    assert.deepEqual(await states(), ['one running']);
    const made = 'until [ -e /made ]; do sleep 0.1; done; cat /made; exit 5';
    assert.equal((await scene.rkt(['enter', '--app=one', pod.uuid, '/bin/sh', '-c', made], { status: 5 })).stdout, 'made\n');
    await app('stop', '--app=one');
    assert.deepEqual(await states(), ['one exited']);
    await app('start', '--app=one');
    assert.deepEqual(await states(), ['one running']);
    await app('rm', '--app=one');
    assert.deepEqual(await states(), ['']);
    await app('add', 'example.com/busybox', '--name=one', ...sh('true'));
    assert.deepEqual(await states(), ['one created']);
    await scene.rkt(['stop', '--force', pod.uuid]);
    await pod.ended;
    await exited(scene, pod.uuid);
    await collect(scene, pod.uuid);
  });
}
