import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { openScene } from './scene.ts';

const root = needs('root');
const forever = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

/** What a command that fails must leave as it was: the pod's files, but for the lock of changes. */
function filesOf(sandbox: Sandbox): string[] {
  const directory = `${sandbox.scene.home.dataDir}/pods/run/${sandbox.uuid}`;
  const names = readdirSync(directory, { recursive: true }).map(String).toSorted();
  return [...names.filter((name) => !/^(pod\.lck|appsinfo|sharedVolumes|overlay.*|stage1\/rootfs\/opt(\/stage2)?)$/.test(name)), readFileSync(`${directory}/pod`, 'utf8')];
}

const badApps: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['an image that is not in the store', ['example.com/none'], /^add: error adding app to pod: unable to fetch image from image name "example\.com\/none"/],
  ['a name that is taken', ['example.com/busybox', '--name=one'], /^add: error adding app to pod: error: multiple apps with name one\n/],
  ['a name of files beside a status', ['example.com/busybox', '--name=one-started'], /an app of a pod whose apps change cannot be named one-started/],
  ['a program that is not there', ['example.com/busybox', '--name=bad', '--exec=/none'], /Unable to open "\/none"/],
  ['a user that is not there', ['example.com/busybox', '--name=bad', '--user=nosuch'], /nosuch/],
  ['a volume that is not there', ['example.com/busybox', '--name=bad', '--mnt-volume=name=v,kind=host,source=/nowhere,target=/x'], /Failed to stat \/nowhere/],
  ['a volume the pod does not have', ['example.com/busybox', '--name=bad', '--mount=volume=v,target=/x'], /could not find volume "v"/],
  ['a limit that is none', ['example.com/busybox', '--name=bad', '--memory=1'], /memory limit of 1 bytes too low/],
  ['a system call that is none', ['example.com/busybox', '--name=bad', '--seccomp=mode=remove,nosuchcall'], /nosuchcall/],
  ['a mount without a target', ['example.com/busybox', '--name=bad', '--mnt-volume=name=v,kind=empty'], /missing target= parameter/],
  ['two images', ['example.com/busybox', 'example.com/busybox'], /^add: must give only one app\n/],
  ['no image', [], /^add: must provide the pod UUID and an IMAGEID\n/],
];

test('app add, what cannot be added, is refused and leaves the pod as it was', root, async () => {
  await using sandbox = await startSandbox();
  await sandbox.add('one', forever);
  await sandbox.start('one');
  const before = filesOf(sandbox);
  for (const [what, words, message] of badApps) {
    const { stderr, stdout } = await sandbox.app('add', words, { status: 254 });
    assert.match(stderr, message, what);
    assert.equal(stdout, '', what);
    assert.deepEqual(filesOf(sandbox), before, what);
  }
  assert.deepEqual(await sandbox.list(), ['one running']);
  await sandbox.add('bad', 'exit 0');
});

test('app start, what the runtime cannot start, says why and leaves the app as it was', root, async () => {
  await using sandbox = await startSandbox();
  const source = sandbox.scene.home.file('volume');
  mkdirSync(source);
  await sandbox.add('one', 'exit 7', `--mnt-volume=name=v,kind=host,source=${source},target=/v`);
  rmSync(source, { recursive: true });
  const { stderr } = await sandbox.app('start', ['--app=one'], { status: 254 });
  assert.match(stderr, /^start: error starting app: .*volume/);
  assert.deepEqual(await sandbox.list(), ['one created']);
  mkdirSync(source);
  await sandbox.start('one');
  await sandbox.until('one', 'exited');
  rmSync(source, { recursive: true });
  await sandbox.app('start', ['--app=one'], { status: 254 });
  assert.equal((await sandbox.status('one'))['exit_code'], 7);
});

test('app verbs, an app that is not there or none, are refused', root, async () => {
  await using sandbox = await startSandbox();
  for (const verb of ['start', 'stop', 'rm']) {
    assert.match((await sandbox.app(verb, ['--app=one'], { status: 254 })).stderr, /error: nonexistent app "one"\n/);
    assert.match((await sandbox.app(verb, [], { status: 254 })).stderr, new RegExp(`^${verb}: must provide the app to `));
    assert.match((await sandbox.app(verb, ['--app=../one'], { status: 254 })).stderr, /invalid app name/);
    assert.match((await sandbox.scene.rkt(['app', verb, '--app=one'], { status: 254 })).stderr, /must provide the pod UUID\n/);
    assert.match((await sandbox.scene.rkt(['app', verb, 'deadbeef', '--app=one'], { status: 254 })).stderr, /no matches found for "deadbeef"/);
  }
  assert.match((await sandbox.app('status', ['--app=one'], { status: 1 })).stderr, /cannot find app "one" in the pod\n/);
  await sandbox.app('status', [], { status: 1 });
  assert.match((await sandbox.scene.rkt(['app', 'list', 'deadbeef'], { status: 1 })).stderr, /error listing apps/);
  await sandbox.scene.rkt(['app', 'list'], { status: 1 });
});

test('app verbs, a running pod whose apps do not change, are refused', root, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, '--exec=/bin/sleep', '--', '1000']);
  const refused: readonly (readonly [readonly string[], string])[] = [
    [['add', pod.uuid, 'example.com/busybox', '--name=two'], 'cannot add application: immutable pod'],
    [['start', pod.uuid, '--app=busybox'], 'cannot start application: immutable pod'],
    [['stop', pod.uuid, '--app=busybox'], 'cannot stop application: immutable pod'],
    [['rm', pod.uuid, '--app=busybox'], 'cannot remove application: immutable pod'],
  ];
  for (const [words, message] of refused) assert.match((await scene.rkt(['app', ...words], { status: 254 })).stderr, new RegExp(message));
  assert.equal((await scene.status(pod.uuid))['state'], 'running');
  assert.equal(existsSync(`${scene.home.dataDir}/pods/run/${pod.uuid}/stage1/control`), false);
});

test('app sandbox, what cannot be, is refused with 1 and leaves nothing', root, async () => {
  await using scene = openScene();
  for (const [flags, message] of [
    [['--port=web'], /--port invalid format/],
    [['--port=web:sctp:80:0.0.0.0:80'], /invalid protocol/],
    [['--net=none', '--port=web:tcp:80:0.0.0.0:80'], /--port flag does not work with 'none' networking/],
    [['--annotation=x'], /invalid format of --annotation/],
    [['--dns=host', '--dns=1.1.1.1'], /no other --dns options/],
    [['--net=none', `--hostname=${'x'.repeat(80)}`], /hostname/],
  ] as const) {
    assert.match((await scene.rkt(['app', 'sandbox', ...flags], { status: 1 })).stderr, message);
  }
  await scene.rkt(['gc', '--grace-period=0s']);
  assert.equal((await scene.rkt(['list', '--no-legend'])).stdout, '\n');
});
