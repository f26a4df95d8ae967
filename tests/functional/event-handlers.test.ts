/** pre-start and post-stop: appc spec/aci.md, app.eventHandlers. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const DEFAULT_BOUNDING = '00000000a80425fb';

function makeApp(scene: Scene, main: string, handlers: Readonly<Record<string, string>>, app: Readonly<Record<string, unknown>> = {}): string {
  const eventHandlers = Object.entries(handlers).map(([name, script]) => ({ name, exec: ['/bin/sh', '-c', script] }));
  return scene.makeAci('handlers.aci', { name: 'example.com/app', app: { exec: ['/bin/sh', '-c', main], eventHandlers, ...app } });
}

test('event handlers, of an app, run before and after it in its root, and change nothing of its exit status', root, async () => {
  await using scene = openScene();
  const aci = makeApp(scene, 'echo main >>/log; exit 3', { 'pre-start': 'sleep 0.3; echo before >>/log', 'post-stop': 'cat /log; exit 9' });
  assert.equal((await scene.insecure(['run', '--net=none', aci], { status: 3 })).stdout, 'before\nmain\n');
});

test('event handlers, of an app of another user, are root, confined as the app is, in its environment', root, async () => {
  await using scene = openScene();
  const show = 'echo "$(id -u) $(grep CapBnd /proc/self/status | cut -f2) $(grep Seccomp: /proc/self/status | cut -f2) $AC_APP_NAME $(pwd) $(cat)"';
  const aci = makeApp(scene, 'id -u', { 'pre-start': show, 'post-stop': show }, { user: '65534', group: '65534', workingDirectory: '/tmp' });
  const confined = `0 ${DEFAULT_BOUNDING} 2 app /tmp`;
  const { stdout } = await scene.insecure(['run', '--net=none', '--interactive', aci], { input: 'for the app alone' });
  assert.deepEqual(stdout.split('\n').map((line) => line.trim()), [confined, '65534', confined, '']);
});

test('pre-start, one that fails, is the failure of the app, which does not run', root, async () => {
  await using scene = openScene();
  const aci = makeApp(scene, 'echo main', { 'pre-start': 'exit 7', 'post-stop': 'echo after' });
  const { stdout } = await scene.insecure(['run', '--net=none', aci], { status: 7 });
  assert.equal(stdout, '');
});

test('pre-start, while it runs, keeps the pod from being ready, and a stop ends it', root, async () => {
  await using scene = openScene();
  const aci = makeApp(scene, 'echo main', { 'pre-start': 'echo waiting; sleep 1000' });
  const file = scene.home.file('uuid');
  const running = scene.insecure(['run', '--net=none', `--uuid-file-save=${file}`, aci], { status: 'any' });
  while (!existsSync(file) || readFileSync(file, 'utf8').length < 36) await sleep(20);
  const uuid = readFileSync(file, 'utf8');
  assert.notEqual((await scene.rkt(['status', '--wait-ready=500ms', uuid], { status: 'any' })).status, 0);
  await scene.rkt(['stop', uuid]);
  const { stdout } = await running;
  assert.equal(stdout, 'waiting\n');
});

test('post-stop, of an app that is stopped, runs within the grace', root, async () => {
  await using scene = openScene();
  const aci = makeApp(scene, 'trap "exit 0" TERM; while :; do sleep 0.1; done', { 'post-stop': 'sleep 0.3; echo cleaned up' });
  const { uuid, ended, output } = await startRkt(scene, ['run', '--net=none', aci]);
  await scene.rkt(['stop', uuid]);
  assert.equal((await ended).code, 0);
  assert.equal(output.stdout, 'cleaned up\n');
});

test('post-stop, of an app that ends in good time, is not hit by the failure of another', root, async () => {
  await using scene = openScene();
  const aci = makeApp(scene, 'exit 0', { 'post-stop': 'sleep 1; echo cleaned up' });
  const failing = ['---', scene.aci, '--name=failing', '--exec=/bin/sh', '--', '-c', 'sleep 0.3; exit 4'];
  assert.match((await scene.insecure(['run', '--net=none', aci, ...failing], { status: 4 })).stdout, /^app\[\d+\]: cleaned up\n$/);
});

test('pre-start, a program that is not there, is diagnosed by name', root, async () => {
  await using scene = openScene();
  const eventHandlers = [{ name: 'pre-start', exec: ['/no-handler'] }];
  const aci = scene.makeAci('missing.aci', { app: { eventHandlers } });
  assert.match((await scene.insecure(['run', '--net=none', aci], { status: 254 })).stderr, /Unable to open "\/no-handler"/);
});
