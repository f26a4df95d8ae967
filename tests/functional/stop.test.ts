import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupsOf, needs, rktProgram } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');

interface RunningPod {
  readonly uuid: string;
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A pod whose app runs until it is told to end. */
async function startPod(scene: Scene, text = 'trap "exit 0" TERM; while :; do sleep 0.1; done'): Promise<RunningPod> {
  const file = scene.home.file('uuid');
  const app = [scene.aci, '--exec=/bin/sh', '--', '-c', text];
  const args = [...scene.home.flags, '--insecure-options=image', 'run', '--net=none', `--uuid-file-save=${file}`, ...app];
  const child = spawn(rktProgram(), args, { stdio: 'ignore' });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  while (!existsSync(file) || readFileSync(file, 'utf8').length < 36) {
    if (child.exitCode !== null) throw new Error(`rkt run ended with ${child.exitCode}`);
    await sleep(20);
  }
  const uuid = readFileSync(file, 'utf8').trim();
  await scene.rkt(['status', '--wait-ready=20s', uuid]);
  return { uuid, process: child, ended };
}

test('status, a running pod, says so, gives a pid of the pod, and its cgroups have its name', root, async () => {
  await using scene = openScene();
  const { uuid } = await startPod(scene);
  const status = await scene.status(uuid);
  assert.equal(status['state'], 'running');
  assert.match(status['pid']!, /^\d+$/);
  assert.ok(existsSync(`/proc/${status['pid']}`));
  assert.notEqual(cgroupsOf(uuid).length, 0);
  const json = JSON.parse((await scene.rkt(['status', '--format=json', uuid])).stdout) as { name: string; state: string; app_names: string[] };
  assert.deepEqual([json.name, json.state, json.app_names], [uuid, 'running', ['busybox']]);
});

test('stop, a running pod, ends it orderly and prints its UUID', root, async () => {
  await using scene = openScene();
  const pod = await startPod(scene);
  assert.match((await scene.rkt(['stop', pod.uuid])).stdout, new RegExp(`"${pod.uuid}"`));
  assert.equal((await pod.ended).code, 0);
  await scene.rkt(['status', '--wait=15s', pod.uuid]);
  assert.equal((await scene.status(pod.uuid))['state'], 'exited');
});

test('stop, with force, ends an app that ignores TERM', root, async () => {
  await using scene = openScene();
  const pod = await startPod(scene, 'trap "" TERM; while :; do sleep 0.1; done');
  await scene.rkt(['stop', '--force', pod.uuid]);
  await pod.ended;
  assert.equal((await scene.status(pod.uuid))['state'], 'exited');
});

test('stop, by a UUID file, finds the pod', root, async () => {
  await using scene = openScene();
  const pod = await startPod(scene);
  await scene.rkt(['stop', `--uuid-file=${scene.home.file('uuid')}`]);
  await pod.ended;
});

test('SIGTERM to rkt run, as a service manager sends it, stops the pod', root, async () => {
  await using scene = openScene();
  const pod = await startPod(scene);
  pod.process.kill('SIGTERM');
  await pod.ended;
  assert.equal((await scene.status(pod.uuid))['state'], 'exited');
});

test('SIGKILL to rkt run, leaves no process of the pod', root, async () => {
  await using scene = openScene();
  const pod = await startPod(scene);
  pod.process.kill('SIGKILL');
  await pod.ended;
  await scene.rkt(['status', '--wait=10s', pod.uuid]);
  assert.equal((await scene.status(pod.uuid))['state'], 'exited');
});

test('enter, a running app, runs the command there and gives its exit status', root, async () => {
  await using scene = openScene();
  const pod = await startPod(scene);
  const inside = await scene.rkt(['enter', pod.uuid, '/bin/sh', '-c', 'hostname; ls -d /proc/1; exit 7'], { status: 7 });
  assert.match(inside.stdout, new RegExp(`rkt-${pod.uuid}`));
  await scene.rkt(['enter', pod.uuid, '/bin/no-such-program'], { status: 'any' });
});

test('rm, a running pod, is refused', root, async () => {
  await using scene = openScene();
  const pod = await startPod(scene);
  assert.match((await scene.rkt(['rm', pod.uuid], { status: 254 })).output, /running/);
  assert.equal((await scene.status(pod.uuid))['state'], 'running');
});

test('stop, an unknown pod, exits 254 and says which', async () => {
  await using scene = openScene();
  const { output } = await scene.rkt(['stop', '123'], { status: 254 });
  assert.match(output, /^stop: cannot get pod: no matches found for "123"$[\s\S]*^stop: failed to stop 1 pod\(s\)$/m);
});
