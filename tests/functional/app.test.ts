import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { startSandbox } from './sandbox.ts';
import { openScene } from './scene.ts';

const root = needs('root');
const forever = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

/** What apps printed, without the names before the lines. */
const withoutNames = (text: string): string => text.replaceAll(/^[\w-]+\[\d+\]: /gm, '');

test('app, add start stop rm, goes through the states and leaves nothing of the app', root, async () => {
  await using sandbox = await startSandbox();
  const { scene, uuid } = sandbox;
  assert.equal((await sandbox.app('list', ['--no-legend'])).stdout, '\n');
  assert.equal((await sandbox.app('list')).stdout, 'NAME\tSTATE\n');
  const directory = `${scene.home.dataDir}/pods/run/${uuid}`;
  const empty = namesBelow(directory);
  await sandbox.add('one', forever);
  assert.deepEqual(await sandbox.list(), ['one created']);
  await sandbox.start('one');
  assert.deepEqual(await sandbox.list(), ['one running']);
  await sandbox.app('stop', ['--app=one']);
  assert.deepEqual(await sandbox.list(), ['one exited']);
  assert.equal((await sandbox.status('one'))['exit_code'], 0);
  await sandbox.app('rm', ['--app=one']);
  assert.deepEqual(await sandbox.list(), []);
  const left = namesBelow(directory).filter((name) => !empty.includes(name) && !/^(pod\.lck|appsinfo|overlay.*|stage1\/rootfs\/opt(\/stage2)?)$/.test(name));
  assert.deepEqual(left, []);
  assert.deepEqual(appCgroups(uuid), []);
  assert.equal((await scene.status(uuid))['state'], 'running');
  assert.deepEqual(await sandbox.stop(), { code: 0, signal: null });
});

test('app, the output of its apps, is that of the sandbox', root, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('hello', 'echo hello from $AC_APP_NAME in $(hostname); echo wrong >&2', '--environment=A=b');
  await sandbox.start('hello');
  await sandbox.until('hello', 'exited');
  await sandbox.stop();
  assert.match(sandbox.pod.output.stdout, new RegExp(`hello from hello in rkt-${sandbox.uuid}\n`));
  assert.match(sandbox.pod.output.stderr, /wrong\n/);
});

test('app, one that ends and one that fails, stop neither another nor the pod', root, async () => {
  await using sandbox = await startSandbox();
  for (const [name, script] of [['winner', 'exit 0'], ['loser', 'exit 12'], ['sleeper', forever]] as const) {
    await sandbox.add(name, script);
    await sandbox.start(name);
  }
  await sandbox.until('winner', 'exited');
  await sandbox.until('loser', 'exited');
  assert.deepEqual(await sandbox.list(), ['winner exited', 'loser exited', 'sleeper running']);
  const { stdout } = await sandbox.app('status', ['--app=loser']);
  assert.match(stdout, /^name=loser\nstate=exited\nimage_id=sha512-[0-9a-f]{64}\ncreated_at=.*\nstarted_at=.*\nfinished_at=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})? [-+]\d{4} \S+\nexit_code=12\n$/);
  assert.match((await sandbox.app('status', ['--app=sleeper'])).stdout, /\nstate=running\n/);
  assert.equal((await sandbox.scene.status(sandbox.uuid))['state'], 'running');
  assert.deepEqual(await sandbox.stop(), { code: 0, signal: null });
  assert.deepEqual(await sandbox.list(), ['winner exited', 'loser exited', 'sleeper exited']);
});

test('app, started again, runs anew on the files it has left', root, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('one', `echo run >>/runs; [ $(wc -l </runs) = 2 ] || exit 3; ${forever}`);
  await sandbox.start('one');
  await sandbox.until('one', 'exited');
  const first = await sandbox.status('one');
  await sandbox.start('one');
  const second = await sandbox.status('one');
  assert.deepEqual([first['exit_code'], second['state'], second['exit_code'], second['finished_at']], [3, 'running', undefined, undefined]);
  assert.equal(second['created_at'], first['created_at']);
  assert.ok(Number(second['started_at']) > Number(first['started_at']));
  await sandbox.start('one');
  assert.deepEqual(await sandbox.list(), ['one running']);
});

test('app, a name that was removed, can be added again with fresh files', root, async () => {
  await using sandbox = await startSandbox();
  for (let round = 0; round < 2; round++) {
    await sandbox.add('one', `[ ! -e /was-here ] && touch /was-here && echo fresh; ${forever}`);
    await sandbox.start('one');
    await sandbox.app('rm', ['--app=one']);
  }
  await sandbox.stop();
  assert.equal(sandbox.pod.output.stdout.match(/fresh/g)?.length, 2);
});

test('app rm, a running app that ignores SIGTERM with children, ends all of it', root, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('one', `sleep 1000 & trap '' TERM; ${forever.replace("trap 'exit 0' TERM; ", '')}`);
  await sandbox.start('one');
  await sandbox.app('rm', ['--app=one']);
  assert.deepEqual(await sandbox.list(), []);
  assert.deepEqual(appCgroups(sandbox.uuid), []);
});

test('app, volumes of its own, are mounted wherever links lead and named by status', root, async () => {
  await using sandbox = await startSandbox();
  const source = sandbox.scene.home.file('volume');
  mkdirSync(source);
  writeFileSync(`${source}/test`, 'content');
  const volume = (target: string): string => `--mnt-volume=name=test,kind=host,source=${source},target=${target},readOnly=true`;
  for (const target of ['/dir2', '/../../../../notexists', '../../notexists']) {
    await sandbox.add('mounter', 'cat /dir2/test /notexists/test 2>/dev/null; touch /dir2/x /notexists/x || echo read-only', volume(target));
    const { mounts } = await sandbox.status('mounter');
    assert.deepEqual(mounts, [{ name: 'test', container_path: target, host_path: source, read_only: true }]);
    await sandbox.start('mounter');
    await sandbox.until('mounter', 'exited');
    await sandbox.app('rm', ['--app=mounter']);
  }
  await sandbox.stop();
  assert.equal(withoutNames(sandbox.pod.output.stdout), 'contentread-only\n'.repeat(3));
  assert.deepEqual(readdirSync(source), ['test']);
});

test('app, a volume that nobody gave, goes with the app and not before', root, async () => {
  await using sandbox = await startSandbox();
  const { scene } = sandbox;
  const aci = scene.makeAci('volumes.aci', { name: 'example.com/volumes', app: { mountPoints: [{ name: 'data', path: '/data' }] } });
  await scene.insecure(['fetch', aci]);
  for (let round = 0; round < 2; round++) {
    await sandbox.app('add', ['example.com/volumes', '--name=one', '--exec=/bin/sh', '--', '-c', '[ -e /data/old ] || echo fresh; touch /data/old']);
    for (let run = 0; run < 2; run++) {
      await sandbox.start('one');
      await sandbox.until('one', 'exited');
    }
    await sandbox.app('rm', ['--app=one']);
  }
  await sandbox.stop();
  assert.equal(withoutNames(sandbox.pod.output.stdout), 'fresh\nfresh\n');
});

test('app, event handlers and a restart policy, work as in rkt run', root, async () => {
  await using sandbox = await startSandbox();
  const { scene } = sandbox;
  const eventHandlers = [{ name: 'pre-start', exec: ['/bin/sh', '-c', 'echo before'] }, { name: 'post-stop', exec: ['/bin/sh', '-c', 'echo after'] }];
  const aci = scene.makeAci('handlers.aci', { name: 'example.com/handlers', app: { exec: ['/bin/sh', '-c', `echo main; ${forever}`], eventHandlers } });
  await scene.insecure(['fetch', aci]);
  await sandbox.app('add', ['example.com/handlers', '--name=one']);
  await sandbox.start('one');
  await sandbox.app('stop', ['--app=one']);
  assert.equal(withoutNames(sandbox.pod.output.stdout), 'before\nmain\nafter\n');
  await sandbox.app('rm', ['--app=one']);
  await sandbox.add('again', 'echo run >>/runs; [ $(wc -l </runs) = 3 ] || exit 1', '--restart=on-failure');
  await sandbox.start('again');
  await sandbox.until('again', 'exited');
  const { exit_code: code, restarts } = await sandbox.status('again');
  assert.deepEqual([code, restarts], [0, 2]);
});

test('app, what it may and is, is as in rkt run', root, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('one', forever, '--user=65534', '--group=65534', '--caps-retain=CAP_NET_RAW', '--memory=32Mi', '--cpu=200m', '--working-dir=/tmp', '--seccomp=mode=remove,errno=EPERM,mkdir', '--readonly-rootfs=true');
  await sandbox.start('one');
  const inside = async (script: string): Promise<string> =>
    (await sandbox.scene.rkt(['app', 'exec', '--app=one', sandbox.uuid, '/bin/sh', '-c', script])).stdout.trim();
  assert.equal(await inside('id -u; id -g; pwd'), '65534\n65534\n/tmp');
  assert.match(await inside('grep CapBnd /proc/self/status'), /\t0000000000002000$/);
  assert.match(await inside('mkdir /tmp/x 2>&1; true'), /Operation not permitted/);
  const config = JSON.parse(readFileSync(`${sandbox.scene.home.dataDir}/pods/run/${sandbox.uuid}/stage1/oci/one/config.json`, 'utf8')) as { root: { readonly: boolean }; linux: { resources: { memory: { limit: number } } } };
  assert.deepEqual([config.root.readonly, config.linux.resources.memory.limit], [true, 32 << 20]);
});

test('app exec, is what enter is, and needs a running app', root, async () => {
  await using sandbox = await startSandbox();
  const exec = (args: readonly string[], status: number) => sandbox.scene.rkt(['app', 'exec', ...args], { status });
  await sandbox.add('one', forever);
  assert.match((await exec(['--app=one', sandbox.uuid, '/bin/true'], 254)).stderr, /cannot enter app "one": it has not been started/);
  await sandbox.start('one');
  assert.equal((await exec([sandbox.uuid, '/bin/sh', '-c', 'exit 9'], 9)).status, 9);
  await exec(['--app=one', sandbox.uuid, '/bin/none'], 127);
  assert.match((await exec(['--app=two', sandbox.uuid, '/bin/true'], 254)).stderr, /app "two" is not in pod/);
  await sandbox.app('stop', ['--app=one']);
  assert.match((await exec(['--app=one', sandbox.uuid, '/bin/true'], 254)).stderr, /it has ended/);
});

test('app sandbox, annotations, are in the manifest and in status', root, async () => {
  await using sandbox = await startSandbox('--annotation=foo=bar', '--user-annotation=ayy=lmao', '--user-label=tier=web', '--pod-name=annotated');
  const manifest = JSON.parse((await sandbox.scene.rkt(['cat-manifest', sandbox.uuid])).stdout) as { annotations: unknown; userAnnotations: unknown; apps: { annotations: unknown; app: { userAnnotations: unknown } }[] };
  assert.deepEqual(manifest.annotations, [
    { name: 'foo', value: 'bar' },
    { name: 'coreos.com/rkt/stage1/mutable', value: 'true' },
    { name: 'coreos.com/rkt/pod-name', value: 'annotated' },
  ]);
  assert.deepEqual(manifest.userAnnotations, { ayy: 'lmao' });
  await sandbox.scene.rkt(['app', 'add', 'annotated', 'example.com/busybox', '--name=one', '--annotation=foo=bar', '--user-annotation=ayy=lmao', '--user-label=tier=db']);
  const [app] = (JSON.parse((await sandbox.scene.rkt(['cat-manifest', 'annotated'])).stdout) as typeof manifest).apps;
  assert.deepEqual([app?.annotations, app?.app.userAnnotations], [[{ name: 'foo', value: 'bar' }], { ayy: 'lmao' }]);
  const { stdout } = await sandbox.app('status', ['--app=one']);
  assert.match(stdout, /\nuser_annotations=ayy:lmao\nuser_labels=tier:db\n$/);
  const pod = JSON.parse((await sandbox.scene.rkt(['status', '--format=json', sandbox.uuid])).stdout) as Record<string, unknown>;
  assert.deepEqual([pod['user_annotations'], pod['user_labels'], pod['app_names']], [{ ayy: 'lmao' }, { tier: 'web' }, ['one']]);
  const [inPod] = pod['apps'] as Record<string, unknown>[];
  assert.deepEqual(inPod, await sandbox.status('one'));
});

test('app, copies instead of overlays, work as well', root, async () => {
  await using sandbox = await startSandbox('--no-overlay');
  await sandbox.add('one', `touch /mine; ${forever}`);
  await sandbox.start('one');
  const rootfs = `${sandbox.scene.home.dataDir}/pods/run/${sandbox.uuid}/stage1/rootfs/opt/stage2/one/rootfs`;
  await sandbox.scene.rkt(['app', 'exec', sandbox.uuid, '/bin/sh', '-c', 'until [ -e /mine ]; do sleep 0.05; done']);
  assert.ok(existsSync(`${rootfs}/mine`));
  await sandbox.app('rm', ['--app=one']);
  assert.equal(existsSync(rootfs), false);
});

test('app, of a pod that has exited, is listed, cannot be changed and can be removed', root, async () => {
  await using sandbox = await startSandbox();
  const { uuid } = sandbox;
  await sandbox.add('one', 'exit 4');
  await sandbox.add('two', 'exit 4');
  await sandbox.start('one');
  await sandbox.until('one', 'exited');
  await sandbox.stop();
  assert.deepEqual(await sandbox.list(), ['one exited', 'two exited']);
  assert.match((await sandbox.app('start', ['--app=two'], { status: 254 })).stderr, new RegExp(`pod "${uuid}" isn't currently running`));
  assert.equal((await sandbox.app('stop', ['--app=one'])).stdout, `pod "${uuid}" is already stopped\n`);
  await sandbox.app('rm', ['--app=one']);
  assert.deepEqual(await sandbox.list(), ['two exited']);
  await sandbox.scene.rkt(['gc', '--mark-only']);
  await sandbox.app('rm', ['--app=two']);
  assert.deepEqual(await sandbox.list(), []);
});

test('app list and status, of a pod whose apps do not change, tell what rkt list tells', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--exec=/bin/false');
  assert.equal((await scene.rkt(['app', 'list', '--no-legend', uuid])).stdout, 'busybox\tcreated\n');
  await scene.rkt(['run-prepared', '--net=none', uuid], { status: 1 });
  assert.equal((await scene.rkt(['app', 'list', '--no-legend', uuid])).stdout, 'busybox\texited\n');
  assert.match((await scene.rkt(['app', 'status', uuid, '--app=busybox'])).stdout, /^name=busybox\nstate=exited\n(.*\n)*exit_code=1\n$/);
  for (const [verb, doing] of [['start', 'not currently'], ['rm', 'cannot remove application: immutable pod']] as const) {
    const { stderr } = await scene.rkt(['app', verb, uuid, '--app=busybox'], { status: 254 });
    assert.match(stderr, verb === 'start' ? /isn't currently running/ : new RegExp(doing));
  }
});

test('app sandbox, a port, leads to whatever app listens there', needs('root', 'iptables-save'), async () => {
  const port = 20_000 + (process.pid % 20_000);
  await using sandbox = await startSandbox('--net=default', `--port=web:tcp:8080:127.0.0.1:${port}`);
  await sandbox.add('web', 'echo served >/tmp/index.html; exec httpd -f -p 8080 -h /tmp');
  await sandbox.start('web');
  const answer = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/index.html`)).text();
  for (const end = Date.now() + 10_000; ; ) {
    const text = await answer().catch((error: unknown) => error as Error);
    if (text === 'served\n') break;
    if (Date.now() > end) throw text;
  }
});

/** Paths of all there is below a directory, relative to it. */
function namesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true }).map(String).toSorted();
}

function appCgroups(uuid: string): string[] {
  const slice = `machine.slice/machine-rkt\\x2d${uuid.replaceAll('-', '\\x2d')}.scope/system.slice`;
  return readdirSync('/sys/fs/cgroup').flatMap((name) => {
    const path = `/sys/fs/cgroup/${name}/${slice}`;
    return existsSync(path) ? readdirSync(path).filter((entry) => entry.endsWith('.service')) : [];
  });
}
