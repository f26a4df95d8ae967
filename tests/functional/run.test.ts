import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { openScene, UUID } from './scene.ts';

const root = needs('root');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];

test('run, an app that prints, passes its output through', root, async () => {
  await using scene = openScene();
  const { stdout, stderr } = await scene.insecure(['run', '--net=none', scene.aci, ...shell('echo to stdout; echo to stderr >&2')]);
  assert.match(stdout, /to stdout/);
  assert.match(stderr, /to stderr/);
});

for (const code of [0, 1, 42]) {
  test(`run, an app that exits ${code}, exits ${code}`, root, async () => {
    await using scene = openScene();
    await scene.insecure(['run', '--net=none', scene.aci, ...shell(`exit ${code}`)], { status: code });
  });
}

test('run, a working directory that is not there, is refused by name, in the image and in a volume, and is not made', root, async () => {
  await using scene = openScene();
  const volume = ['--volume=v,kind=host,source=' + scene.home.localConfig, '--mount=volume=v,target=/v'];
  for (const directory of ['/no/such', '/bin/sh', '/v/no-such']) {
    const { stderr } = await scene.insecure(['run', '--net=none', ...volume, scene.aci, `--working-dir=${directory}`, ...shell('pwd')], { status: 254 });
    assert.ok(stderr.includes(`run: there is no directory "${directory}" to work in\n`), stderr);
  }
  assert.ok(!existsSync(`${scene.home.localConfig}/no-such`));
  mkdirSync(`${scene.home.localConfig}/there`);
  for (const directory of ['/v/there', '/proc/sys', '/tmp']) {
    const { stdout } = await scene.insecure(['run', '--net=none', ...volume, scene.aci, `--working-dir=${directory}`, ...shell('pwd')]);
    assert.equal(stdout, `${directory}\n`);
  }
});

test('run, several apps of which one fails, exits as that one and keeps every status', root, async () => {
  await using scene = openScene();
  const app = (name: string, text: string): string[] => [scene.aci, `--name=${name}`, ...shell(text), '---'];
  const file = scene.home.file('uuid');
  const apps = [...app('hello0', 'exit 0'), ...app('hello1', 'sleep 1; exit 5'), ...app('hello2', 'exit 0')].slice(0, -1);
  await scene.insecure(['run', '--net=none', `--uuid-file-save=${file}`, ...apps], { status: 5 });
  const status = await scene.status(readFileSync(file, 'utf8').trim());
  assert.equal(status['app-hello0'], '0');
  assert.equal(status['app-hello1'], '5');
  assert.equal(status['app-hello2'], '0');
});

test('run, net none, has a loopback and nothing else', root, async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['run', '--net=none', scene.aci, ...shell('ls /sys/class/net; ip addr show lo')]);
  assert.match(stdout, /^lo$/m);
  assert.doesNotMatch(stdout, /eth0/);
  assert.match(stdout, /127\.0\.0\.1/);
});

test('run, net default, has an address of 172.16.28.0/24 and a route', root, async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['run', scene.aci, ...shell('ip addr show eth0; ip route')]);
  assert.match(stdout, /inet 172\.16\.28\.\d+\/24/);
  assert.match(stdout, /default via 172\.16\.28\.1/);
});

test('run, net host, is in the network namespace of the host', root, async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['run', '--net=host', scene.aci, ...shell('readlink /proc/self/ns/net')]);
  const { readlinkSync } = await import('node:fs');
  assert.equal(stdout.trim(), readlinkSync('/proc/self/ns/net'));
});

test('run, the hostname, is rkt and the UUID unless given', root, async () => {
  await using scene = openScene();
  const own = await scene.insecure(['run', '--net=none', scene.aci, ...shell('hostname')]);
  assert.match(own.stdout, new RegExp(`rkt-${UUID.source}`));
  const given = await scene.insecure(['run', '--net=none', '--hostname=given', scene.aci, ...shell('hostname')]);
  assert.match(given.stdout, /^given$/m);
});

test('run, environment, has set-env over the file over the manifest', root, async () => {
  await using scene = openScene({ app: { environment: [{ name: 'A', value: 'image' }, { name: 'B', value: 'image' }, { name: 'C', value: 'image' }] } });
  writeFileSync(scene.home.file('env'), '# comment\n; comment\nB=file\nC=file\n');
  const { stdout } = await scene.insecure(['run', '--net=none', `--set-env-file=${scene.home.file('env')}`, '--set-env=C=flag', scene.aci, ...shell('echo "<$A $B $C $AC_APP_NAME>"')]);
  assert.match(stdout, /<image file flag busybox>/);
});

test('run, a host volume, is seen and written, and refused when read-only', root, async () => {
  await using scene = openScene();
  writeFileSync(scene.home.file('local/data'), 'of the host');
  const volume = (extra: string): string[] => [`--volume=v,kind=host,source=${scene.home.localConfig}${extra}`, '--mount=volume=v,target=/data'];
  const written = await scene.insecure(['run', '--net=none', ...volume(''), scene.aci, ...shell('cat /data/data; echo changed >/data/new')]);
  assert.match(written.stdout, /of the host/);
  assert.equal(readFileSync(scene.home.file('local/new'), 'utf8'), 'changed\n');
  const refused = await scene.insecure(['run', '--net=none', ...volume(',readOnly=true'), scene.aci, ...shell('echo x >/data/new')], { status: 1 });
  assert.match(refused.output, /Read-only file system/i);
});

test('run, a user by number, is that user with no capability in effect', root, async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['run', '--net=none', scene.aci, '--user=65534', '--group=65534', ...shell('id; grep CapEff /proc/self/status')]);
  assert.match(stdout, /uid=65534.*gid=65534/);
  assert.match(stdout, /CapEff:\s+0+$/m);
});

test('run, root, has the fourteen capabilities of the default set and not those that were removed', root, async () => {
  await using scene = openScene();
  const bounding = async (...flags: string[]): Promise<bigint> => {
    const { stdout } = await scene.insecure(['run', '--net=none', scene.aci, ...flags, ...shell('grep CapBnd /proc/self/status')]);
    return BigInt(`0x${/CapBnd:\s+([0-9a-f]+)/.exec(stdout)![1]!}`);
  };
  const all = await bounding();
  assert.equal(all.toString(2).replaceAll('0', '').length, 14);
  const CAP_KILL = 1n << 5n;
  assert.equal(all & CAP_KILL, CAP_KILL);
  assert.equal((await bounding('--caps-remove=CAP_KILL')) & CAP_KILL, 0n);
});

test('run, a memory limit, ends what exceeds it', root, async () => {
  await using scene = openScene();
  const eat = ['--exec=/bin/sh', '--', '-c', 'tail /dev/zero'];
  const { status } = await scene.insecure(['run', '--net=none', scene.aci, '--memory=24Mi', ...eat], { status: 'any' });
  assert.notEqual(status, 0);
});

test('run, a program that is not there, is named', root, async () => {
  await using scene = openScene();
  const { status, output } = await scene.insecure(['run', '--net=none', scene.aci, '--exec=/nothing-here'], { status: 'any' });
  assert.notEqual(status, 0);
  assert.match(output, /nothing-here/);
});

test('run, a network that nobody configured, is refused and leaves nothing running', root, async () => {
  await using scene = openScene();
  await scene.insecure(['run', '--net=nobody-configured-this', scene.aci, ...shell('true')], { status: 254 });
  assert.doesNotMatch((await scene.rkt(['list', '--no-legend'])).stdout, /running/);
});
