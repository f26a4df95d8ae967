/** What a service manager that starts rkt is told, and passes: docs/running-under-systemd.md. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeServiceApp, needs, openServiceManager, rktProgram, type ServiceManager } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const root = needs('root', 'cc', 'perl');
const NOTIFIES = '--annotation=appc.io/executor/supports-systemd-notify=true';
const forever = 'while :; do sleep 0.1; done';
const shell = (script: string): string[] => ['--exec=/bin/sh', '--', '-c', script];

/** Flags that put service-app into an app, and what it is to do. */
function serviceApp(scene: Scene, ...words: readonly string[]): string[] {
  mkdirSync(scene.home.file('tools'), { recursive: true });
  makeServiceApp(scene.home.file('tools/service-app'));
  return [`--volume=tools,kind=host,source=${scene.home.file('tools')}`, '--mount=volume=tools,target=/tools', '--exec=/tools/service-app', '--', ...words];
}

interface Service extends Disposable {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly output: { text: string };
}

/** Starts rkt as a service manager does. */
function startService(scene: Scene, args: readonly string[], env: Readonly<Record<string, string>>): Service {
  const child = spawn(rktProgram(), [...scene.home.flags, '--insecure-options=image', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output.text += text));
  return {
    process: child,
    output,
    ended: once(child, 'close').then(([code]) => code as number | null),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

async function untilSaid(manager: ServiceManager, text: string, service: Service): Promise<void> {
  while (!manager.said.some((message) => message.includes(text))) {
    assert.equal(service.process.exitCode, null, service.output.text);
    await sleep(20);
  }
}

test('run, of a pod of two apps, tells NOTIFY_SOCKET that it is ready and that it stops, and hands it to no app', root, async () => {
  await using scene = openScene();
  const path = scene.home.file('manager');
  await using manager = await openServiceManager(path);
  const print = shell(`env | grep -c -E '^(NOTIFY|WATCHDOG|LISTEN)'; ${forever}`);
  using service = startService(scene, ['run', '--net=none', '--inherit-env', scene.aci, '--name=one', ...print, '---', scene.aci, '--name=two', ...print], { NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' });
  await untilSaid(manager, 'WATCHDOG=1', service);
  await untilSaid(manager, 'STATUS=running', service);
  service.process.kill('SIGTERM');
  await service.ended;
  const said = manager.said.filter((text) => text !== 'WATCHDOG=1\n');
  assert.deepEqual(said, ['READY=1\n', 'STATUS=running\n', 'STOPPING=1\nSTATUS=stopping\n']);
  assert.deepEqual(service.output.text.match(/(?<=^(?:one|two)\[\d+\]: )\d$/gm), ['0', '0']);
});

test('run, of an app that is probed, tells that it is ready when the probe has passed', root, async () => {
  await using scene = openScene();
  const path = `@rkt-test-${process.pid}-${Date.now()}`;
  await using manager = await openServiceManager(path);
  const app = [scene.aci, '--health-cmd=test -e /up', ...shell(`sleep 1; : >/up; ${forever}`)];
  using service = startService(scene, ['run', '--net=none', ...app], { NOTIFY_SOCKET: path });
  await untilSaid(manager, 'READY=1', service);
  assert.equal(manager.said[0], 'STATUS=waiting until app busybox is ready\n');
});

test('an app that supports sd_notify, by its annotation, makes the pod ready by its own word, as another user', root, async () => {
  await using scene = openScene();
  const path = scene.home.file('manager');
  await using manager = await openServiceManager(path);
  const file = scene.home.file('uuid');
  const app = [scene.aci, NOTIFIES, '--user=65534', '--group=65534', ...serviceApp(scene, 'notify', 'STATUS=not yet', 'fds', 'notify', 'READY=1', 'pause')];
  using service = startService(scene, ['run', '--net=none', `--uuid-file-save=${file}`, ...app], { NOTIFY_SOCKET: path });
  await untilSaid(manager, 'READY=1', service);
  await scene.rkt(['status', '--wait-ready=30s', await scene.untilFile(file)]);
  assert.ok(!manager.said.some((text) => text.includes('not yet')));
  assert.deepEqual(service.output.text.match(/^fd \d+$/gm), ['fd 0', 'fd 1', 'fd 2']);
});

test('an app that supports sd_notify and says nothing, keeps the pod from being ready, and can be entered', root, async () => {
  await using scene = openScene();
  const file = scene.home.file('uuid');
  using service = startService(scene, ['run', '--net=none', `--uuid-file-save=${file}`, scene.aci, NOTIFIES, ...shell(forever)], {});
  const uuid = await scene.untilFile(file);
  while ((await scene.rkt(['enter', uuid, 'true'], { status: 'any' })).status !== 0) assert.equal(service.process.exitCode, null);
  assert.notEqual((await scene.rkt(['status', '--wait-ready=200ms', uuid], { status: 'any' })).status, 0);
  assert.equal((await scene.rkt(['enter', uuid, 'sh', '-c', 'echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET'])).stdout, '/dev/rkt/notify\n');
  await scene.rkt(['stop', uuid]);
});

test('an image that supports sd_notify, needs no flag; one that is prepared neither', root, async () => {
  await using scene = openScene();
  const annotations = [{ name: 'appc.io/executor/supports-systemd-notify', value: 'true' }];
  const aci = scene.makeAci('notifies.aci', { app: { exec: ['/bin/sh', '-c', 'echo "$NOTIFY_SOCKET"'] }, manifest: { annotations } });
  const uuid = await scene.prepare(aci);
  assert.equal((await scene.rkt(['run-prepared', '--net=none', uuid])).stdout, '/dev/rkt/notify\n');
});

test('NOTIFY_SOCKET of a kind that is not known, is told of and changes nothing', root, async () => {
  await using scene = openScene();
  using service = startService(scene, ['run', '--net=none', scene.aci, ...shell('exit 3')], { NOTIFY_SOCKET: 'vsock:2:1234' });
  assert.equal(await service.ended, 3);
  assert.match(service.output.text, /NOTIFY_SOCKET="vsock:2:1234" is of a kind that is not supported/);
});

test('an app that supports sd_notify, in a pod with a user namespace of its own, makes the pod ready', root, async () => {
  await using scene = openScene();
  const path = scene.home.file('manager');
  await using manager = await openServiceManager(path);
  const app = [scene.aci, NOTIFIES, '--user=65534', '--group=65534', ...serviceApp(scene, 'notify', 'READY=1', 'pause')];
  using service = startService(scene, ['run', '--private-users', '--net=none', ...app], { NOTIFY_SOCKET: path });
  await untilSaid(manager, 'READY=1', service);
});
