import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { openServiceManager, type ServiceManager } from '../tests/support/service-manager.ts';
import { runPod, skip, startPod, type SupervisedPod, until } from './supervised-pod.ts';

const forever = 'while :; do sleep 0.1; done';

async function openManager(t: TestContext, name?: string): Promise<ServiceManager & { flag: string }> {
  const directory = fs.mkdtempSync(join(tmpdir(), 'rkt-manager-'));
  const path = name ?? `${directory}/notify`;
  const manager = await openServiceManager(path);
  t.after(async () => {
    await manager[Symbol.asyncDispose]();
    fs.rmSync(directory, { recursive: true });
  });
  return Object.assign(manager, { flag: `--notify-socket=${path}` });
}

const untilSaid = (manager: ServiceManager, text: string): Promise<unknown> =>
  until(`${JSON.stringify(text)} in ${JSON.stringify(manager.said)}`, () => manager.said.includes(text));

/** What an app of the pod would say. */
function sayAsApp(pod: SupervisedPod, text: string): void {
  const send = 'socket(S, AF_UNIX, SOCK_DGRAM, 0); send(S, $ARGV[1], 0, pack_sockaddr_un($ARGV[0])) // die "$!"';
  execFileSync('perl', ['-MSocket', '-e', send, pod.path('one/notify.sock'), text]);
}

describe('supervisor, a service manager', { skip }, () => {
  test('is told that the pod is ready, how it is, and that it stops', async (t) => {
    const manager = await openManager(t);
    const pod = startPod(t, { flags: [manager.flag], apps: [{ name: 'one', script: forever }] });
    await untilSaid(manager, 'STATUS=running\n');
    pod.kill('SIGTERM');
    await pod.ended;
    assert.deepEqual(manager.said, ['READY=1\n', 'STATUS=running\n', 'STOPPING=1\nSTATUS=stopping\n']);
    assert.equal(pod.stderr, '');
  });

  test('of an abstract name, is told', async (t) => {
    const manager = await openManager(t, `@rkt-test-${process.pid}-${Date.now()}`);
    await runPod(t, { flags: [manager.flag], apps: [{ name: 'one', script: 'sleep 0.5' }] });
    assert.equal(manager.said[0], 'READY=1\n');
  });

  test('is told that the pod is ready when the probes of all apps have passed, and not before', async (t) => {
    const manager = await openManager(t);
    const pod = startPod(t, {
      flags: [manager.flag],
      apps: [{ name: 'one', script: forever, probe: '[ -e /up ]' }, { name: 'two', script: forever }],
    });
    await untilSaid(manager, 'STATUS=waiting until app one is ready\n');
    await until('a pod that has started', () => pod.announced === 'started');
    assert.ok(!manager.said.includes('READY=1\n'));
    fs.writeFileSync(pod.path('rootfs/up'), '');
    await untilSaid(manager, 'READY=1\n');
    assert.equal(pod.announced, 'ready');
    await untilSaid(manager, 'STATUS=running\n');
  });

  test('is told of an app that is unhealthy, and that it is well again', async (t) => {
    const manager = await openManager(t);
    const app = { name: 'one', script: forever, probe: '[ ! -e /sick ]', flags: ['--health-interval-ms=100'] };
    const pod = startPod(t, { flags: [manager.flag], apps: [app] });
    await untilSaid(manager, 'STATUS=running\n');
    fs.writeFileSync(pod.path('rootfs/sick'), '');
    await untilSaid(manager, 'STATUS=app one is unhealthy\n');
    fs.rmSync(pod.path('rootfs/sick'));
    await until('the same as before', () => manager.said.at(-1) === 'STATUS=running\n');
    assert.equal(manager.said.filter((text) => text === 'READY=1\n').length, 1);
  });

  test('is told of an app that starts again', async (t) => {
    const manager = await openManager(t);
    startPod(t, { flags: [manager.flag], apps: [{ name: 'one', script: 'exit 1', flags: ['--restart=always'] }] });
    await untilSaid(manager, 'STATUS=app one has ended and will start again\n');
  });

  test('that watches, is told to go on in half the time', async (t) => {
    const manager = await openManager(t);
    startPod(t, { flags: [manager.flag, '--watchdog-ms=200'], apps: [{ name: 'one', script: forever }] });
    await until('some signs of life', () => manager.said.filter((text) => text === 'WATCHDOG=1\n').length >= 3);
  });

  test('that is gone, is missed and nothing else', async (t) => {
    const pod = await runPod(t, { flags: ['--notify-socket=/nowhere/notify'], apps: [{ name: 'one', script: 'sleep 0.3; exit 3' }] });
    assert.equal(pod.ending.code, 3);
    assert.match(pod.stderr, /^rkt: supervisor: cannot notify \/nowhere\/notify: No such file or directory\n/);
  });
});

describe('supervisor, an app that says when it is ready', { skip }, () => {
  const app = { name: 'one', script: forever, flags: ['--notify'] };

  test('makes the pod ready by that', async (t) => {
    const manager = await openManager(t);
    const pod = startPod(t, { flags: [manager.flag], apps: [app] });
    await untilSaid(manager, 'STATUS=waiting until app one is ready\n');
    sayAsApp(pod, 'STATUS=READY=1\nMAINPID=1\n');
    sayAsApp(pod, 'READY=10');
    sayAsApp(pod, `${'x'.repeat(5000)}\nREADY=1`);
    sayAsApp(pod, '');
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(pod.isReady, false);
    sayAsApp(pod, 'STATUS=well\nREADY=1\n');
    await untilSaid(manager, 'READY=1\n');
    assert.ok(!manager.said.some((text) => text.includes('well') || text.includes('MAINPID')));
  });

  test('that ends with 0 without it, keeps nobody waiting', async (t) => {
    const pod = startPod(t, { apps: [{ ...app, script: 'exit 0' }, { name: 'two', script: forever }] });
    await until('readiness', () => pod.isReady);
  });

  test('may say it in any of its runs', async (t) => {
    const pod = startPod(t, { apps: [{ ...app, script: `echo up; sleep 0.5; exit 1`, flags: ['--notify', '--restart=always'] }] });
    await pod.untilOutput('up\nup\n');
    sayAsApp(pod, 'READY=1');
    await until('readiness', () => pod.isReady);
  });

  test('may be of any user', async (t) => {
    const pod = startPod(t, { apps: [app] });
    await until('the socket', () => pod.announced);
    assert.equal(fs.statSync(pod.path('one/notify.sock')).mode & 0o777, 0o666);
  });
});
