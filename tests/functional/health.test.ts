/** Health checks: docs/health-and-restart.md. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeOciLayout, makeRootfs, needs } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const shell = (script: string): string[] => ['--exec=/bin/sh', '--', '-c', script];
const forever = 'while :; do sleep 0.1; done';
const quick = ['--health-interval=100ms', '--health-retries=2'];

/** Until `rkt status` says so. */
async function untilHealth(scene: Scene, uuid: string, app: string, health: string): Promise<void> {
  for (;;) {
    const status = await scene.status(uuid);
    if (status[`health-${app}`] === health) return;
    assert.notEqual(status['state'], 'exited', JSON.stringify(status));
    await sleep(50);
  }
}

async function appJson(scene: Scene, uuid: string): Promise<Record<string, unknown>> {
  return JSON.parse((await scene.rkt(['status', '--format=json', uuid])).stdout).apps[0];
}

test('--health-cmd, of an app that becomes well, makes the pod ready; status and list tell', root, async () => {
  await using scene = openScene();
  const args = ['run', '--net=none', scene.aci, '--name=web', '--health-cmd=test -e /up', '--health-interval=1h', ...shell(`sleep 1; : >/up; ${forever}`)];
  const pod = await startRkt(scene, args);
  assert.deepEqual((await appJson(scene, pod.uuid))['health'], { status: 'healthy', failing_streak: 0 });
  assert.match((await scene.rkt(['list', '--full'])).stdout, /NETWORKS\t+HEALTH\n.*\thealthy\n/);
  assert.doesNotMatch((await scene.rkt(['list'])).stdout, /healthy/i);
  await scene.rkt(['stop', pod.uuid]);
  assert.equal((await pod.ended).code, 0);
});

test('--health-cmd, of an app that is not well, keeps the pod from being ready and says why', root, async () => {
  await using scene = openScene();
  const file = scene.home.file('uuid');
  const running = scene.insecure(
    ['run', '--net=none', `--uuid-file-save=${file}`, scene.aci, '--name=web', ...quick, '--health-cmd=["/bin/sh","-c","echo broken; exit 3"]', ...shell(forever)],
    { status: 'any' },
  );
  const uuid = await scene.untilFile(file);
  await untilHealth(scene, uuid, 'web', 'unhealthy');
  const { health } = (await appJson(scene, uuid)) as { health: { failing_streak: number } };
  assert.deepEqual({ ...health, failing_streak: 0 }, { status: 'unhealthy', failing_streak: 0, output: 'broken' });
  assert.notEqual((await scene.rkt(['status', '--wait-ready=300ms', uuid], { status: 'any' })).status, 0);
  await scene.rkt(['stop', uuid]);
  assert.match((await running).stderr, /^rkt: supervisor: web: unhealthy, 2 probes in a row have failed$/m);
});

test('--health-cmd, is confined as the app is', root, async () => {
  await using scene = openScene();
  const lines = "grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):' /proc/self/status; cat /proc/self/cgroup; pwd; env | grep -v SHLVL | sort";
  const aci = scene.makeAci('app.aci', { app: { exec: ['/bin/sh', '-c', `{ ${lines}; } >/tmp/app; ${forever}`], user: '65534', group: '65534', workingDirectory: '/var', environment: [{ name: 'A', value: 'b c' }] } });
  const pod = await startRkt(scene, ['run', '--net=none', aci, '--caps-retain=CAP_KILL', `--health-cmd={ ${lines}; } >/tmp/probe`]);
  const { stdout } = await scene.rkt(['enter', pod.uuid, 'sh', '-c', 'cat /tmp/app; echo ==; cat /tmp/probe']);
  const [app, probe] = stdout.split('==\n');
  assert.equal(probe, app);
  assert.match(app!, /^Uid:\t65534\t.*\n(?:.*\n)*CapBnd:\t0+20\n/m);
});

test('--health-http and --health-tcp, in the network of the pod, find the app', root, async () => {
  await using scene = openScene();
  const serve = 'mkdir /www; echo ok >/www/well; exec httpd -f -p 8080 -h /www';
  const pod = await startRkt(scene, [
    'run', '--net=none', scene.aci, '--name=web', ...quick, '--health-http=8080/well', ...shell(serve),
    '---', scene.aci, '--name=other', ...quick, '--health-tcp=8080', ...shell(forever),
  ]);
  const status = await scene.status(pod.uuid);
  assert.deepEqual([status['health-web'], status['health-other']], ['healthy', 'healthy']);
  await scene.rkt(['stop', pod.uuid]);
});

test('--health-http, on a network of its own, finds the app, and a path that is not there makes it unhealthy', root, async () => {
  await using scene = openScene();
  const file = scene.home.file('uuid');
  const serve = 'exec httpd -f -p 8080 -h /tmp';
  const running = scene.insecure(
    ['run', `--uuid-file-save=${file}`, scene.aci, '--name=web', ...quick, '--health-http=8080/nowhere', '--health-on-failure=kill', ...shell(serve)],
    { status: 'any' },
  );
  const { status } = await running;
  assert.equal(status, 137);
  assert.equal((await appJson(scene, await scene.untilFile(file)) as { health: { output: string } }).health.output, 'HTTP status 404');
});

test('--health-on-failure=restart, of an app that hangs, starts it again until it is well', root, async () => {
  await using scene = openScene();
  const args = ['run', '--net=none', scene.aci, '--name=web', ...quick, '--health-on-failure=restart', '--health-cmd=[ $(wc -l </runs) -ge 2 ]', ...shell(`echo run >>/runs; ${forever}`)];
  const pod = await startRkt(scene, args);
  const status = await scene.status(pod.uuid);
  assert.deepEqual([status['health-web'], status['restarts-web']], ['healthy', '1']);
  await scene.rkt(['stop', pod.uuid]);
});

test('HEALTHCHECK of a Docker image, is honoured unless it is taken away or replaced', root, async () => {
  await using scene = openScene();
  makeRootfs(scene.home.file('rootfs'));
  const Healthcheck = { Test: ['CMD-SHELL', 'test -e /up'], Interval: 3_600_000_000_000, Retries: 7 };
  makeOciLayout(scene.home.file('layout'), { layers: [{ directory: scene.home.file('rootfs') }], config: { Healthcheck, Cmd: ['/bin/sh', '-c', `: >/up; ${forever}`] } });
  const image = `oci:${scene.home.file('layout')}:latest`;
  const pod = await startRkt(scene, ['run', '--net=none', image, '--name=web']);
  assert.equal((await scene.status(pod.uuid))['health-web'], 'healthy');
  await scene.rkt(['stop', pod.uuid]);
  const annotations = async (...flags: string[]): Promise<Record<string, string>> => {
    const manifest = JSON.parse((await scene.rkt(['cat-manifest', await scene.prepare(image, ...flags)])).stdout);
    const all = (manifest.apps[0].annotations ?? []) as { name: string; value: string }[];
    return Object.fromEntries(all.map(({ name, value }) => [name.replace('coreos.com/rkt/health-', ''), value]));
  };
  const own = { cmd: '["CMD-SHELL","test -e /up"]', interval: '3600000000000ns', retries: '7' };
  assert.deepEqual(await annotations(), own);
  assert.deepEqual(await annotations('--no-healthcheck'), { cmd: 'none' });
  assert.deepEqual(await annotations('--health-cmd=none'), { cmd: 'none' });
  assert.deepEqual(await annotations('--health-interval=5s'), { ...own, interval: '5s' });
  assert.deepEqual(await annotations('--health-tcp=80'), { tcp: '80', interval: '3600000000000ns', retries: '7' });
});

test('flags about probes, without a probe or with one that cannot be, are refused before there is a pod', root, async () => {
  await using scene = openScene();
  const refused: [string[], RegExp][] = [
    [['--health-interval=5s'], /app "busybox": --health-interval without a probe/],
    [['--health-tcp=80', '--health-http=80'], /only one of --health-cmd, --health-http and --health-tcp/],
    [['--health-http=80/a b'], /"\/a b" is not a path/],
    [['--annotation=coreos.com/rkt/health-tcp=x'], /app "busybox": "x" is not a port/],
  ];
  for (const [flags, message] of refused) {
    assert.match((await scene.insecure(['run', '--net=none', scene.aci, ...flags], { status: 254 })).stderr, message);
  }
  assert.equal((await scene.rkt(['list', '--no-legend'])).stdout.trim(), '');
});

test('probes, of a pod with a user namespace of its own, find its apps', root, async () => {
  await using scene = openScene();
  const serve = 'mkdir /www; echo ok >/www/well; exec httpd -f -p 8080 -h /www';
  const pod = await startRkt(scene, [
    'run', '--private-users', '--net=none', scene.aci, '--name=web', ...quick, '--health-http=8080/well', ...shell(serve),
    '---', scene.aci, '--name=other', ...quick, '--health-cmd=id -u; [ "$(cat /proc/self/uid_map)" = "$(cat /proc/1/uid_map)" ]', ...shell(forever),
  ]);
  const status = await scene.status(pod.uuid);
  assert.deepEqual([status['health-web'], status['health-other']], ['healthy', 'healthy']);
  await scene.rkt(['stop', pod.uuid]);
});
