/** Volumes and mounts: appc spec/ace.md, Volume Setup; spec/pods.md, volumes. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { makeRootfs, needs } from '#tests/support';
import { writeAci } from '../../scripts/write-aci.ts';
import { ownManifest, shellApp } from './own-manifest.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];

/** Runs a script in busybox with volumes, `source[,more] → target`. */
async function runWith(scene: Scene, volumes: Readonly<Record<string, string>>, script: string, more: readonly string[] = [], status: number | 'any' = 0) {
  const flags = Object.entries(volumes).flatMap(([target, volume], index) => [
    `--volume=v${index},${volume}`, `--mount=volume=v${index},target=${target}`,
  ]);
  return scene.insecure(['run', '--net=none', ...flags, scene.aci, ...more, ...shell(script)], { status });
}
const host = (source: string, more = ''): string => `kind=host,source=${source}${more}`;

test('a host volume, of a file, is that file', root, async () => {
  await using scene = openScene();
  writeFileSync(scene.home.file('file'), 'of the host\n');
  const { stdout } = await runWith(scene, { '/in/the/app': host(scene.home.file('file')) }, 'cat /in/the/app; echo changed >/in/the/app');
  assert.equal(stdout, 'of the host\n');
  assert.equal(readFileSync(scene.home.file('file'), 'utf8'), 'changed\n');
});

test('a host volume, of a device, can be used as it was given and only so', root, async () => {
  await using scene = openScene();
  const { stdout } = await runWith(scene, { '/dev/mine': host('/dev/null'), '/zeros': host('/dev/zero', ',readOnly=true') }, 'echo x >/dev/mine && echo written; head -c 3 /zeros | wc -c; ls -l /dev/mine | cut -c1');
  assert.equal(stdout, 'written\n3\nc\n');
});

test('a host volume, of a socket, can be connected to', root, async () => {
  await using scene = openScene();
  const server = createServer((socket) => socket.end('from the host\n'));
  await new Promise<void>((resolve) => server.listen(scene.home.file('socket'), resolve));
  try {
    const { stdout } = await runWith(scene, { '/socket': host(scene.home.file('socket')) }, 'test -S /socket && nc local:/socket </dev/null || nc -U /socket </dev/null || echo socket');
    assert.match(stdout, /from the host|socket/);
  } finally {
    server.close();
  }
});

const isMountedBelow = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').some((line) => line.split(' ')[4]?.startsWith('/dev/'));
const mountsBelow = !isMountedBelow ? { skip: 'nothing is mounted below /dev here' } : root;

test('a host volume, with mounts below, is seen with them unless recursive=false, and read-only throughout', mountsBelow, async () => {
  await using scene = openScene();
  const mounts = async (more: string): Promise<string[]> => {
    const { stdout } = await runWith(scene, { '/v': host('/dev', more) }, "sed -n 's,^\\([^ ]* \\)\\{4\\}\\(/v[^ ]*\\) \\(r[ow]\\).*,\\2 \\3,p' /proc/self/mountinfo");
    return stdout.trim().split('\n');
  };
  const all = await mounts('');
  assert.equal(all[0], '/v rw');
  assert.ok(all.length > 1);
  assert.deepEqual((await mounts(',readOnly=true')).filter((line) => !line.endsWith(' ro')), []);
  assert.deepEqual(await mounts(',recursive=false'), ['/v rw']);
});

test('a host volume, of what an app mounts in it, shows the host nothing', root, async () => {
  await using scene = openScene();
  mkdirSync(scene.home.file('top'));
  const mounting = ['--insecure-options=image,all-run', 'run', '--net=none', `--volume=v,${host(scene.home.file('top'))}`, '--mount=volume=v,target=/v'];
  await scene.rkt([...mounting, scene.aci, ...shell('mount -t tmpfs none /v && touch /v/hidden')], { status: 'any' });
  assert.deepEqual(readdirSync(scene.home.file('top')), []);
});

for (const [volume, point, writable] of [['', 'true', false], [',readOnly=true', 'false', false], [',readOnly=true', 'true', false], ['', 'false', true]] as const) {
  test(`readOnly, of volume "${volume}" and mount point ${point}, is ${writable ? 'writable' : 'read-only'}`, root, async () => {
    await using scene = openScene({ app: { mountPoints: [{ name: 'v', path: '/v', readOnly: point === 'true' }] } });
    const { stdout } = await scene.insecure(['run', '--net=none', `--volume=v,${host(scene.home.localConfig, volume)}`, scene.aci, ...shell('touch /v/x 2>/dev/null && echo written || echo refused')]);
    assert.equal(stdout, writable ? 'written\n' : 'refused\n');
  });
}

test('an empty volume, has its mode and owner, is shared by the apps and goes with the pod', root, async () => {
  await using scene = openScene();
  const write = [scene.aci, '--name=one', ...shell('echo shared >/v/x; stat -c "%a %u %g" /v')];
  const read = [scene.aci, '--name=two', ...shell('until test -s /w/x; do sleep 0.1; done; cat /w/x')];
  const { stdout } = await scene.insecure(['run', '--net=none', '--volume=v,kind=empty,mode=1770,uid=12,gid=13', scene.aci, '--name=zero', '--exec=/bin/true', '---', ...withMount(write, '/v'), '---', ...withMount(read, '/w')]);
  assert.deepEqual(stdout.trim().split('\n').map((line) => line.replace(/^\w+\[\d+\]: /, '')).sort(), ['1770 12 13', 'shared']);
  await scene.rkt(['gc', '--grace-period=0s']);
  assert.equal((await scene.rkt(['list', '--no-legend'])).stdout.trim(), '');
});

/** The app's flags with a mount of its own. */
function withMount([image = '', name = '', ...rest]: readonly string[], target: string): string[] {
  return [image, name, `--mount=volume=v,target=${target}`, ...rest];
}

test('a mount point that nobody gives a volume for, gets an empty one, and that is told', root, async () => {
  await using scene = openScene({ app: { mountPoints: [{ name: 'cache', path: '/cache' }] } });
  const { stdout, stderr } = await scene.insecure(['run', '--net=none', scene.aci, ...shell('grep -c " /cache " /proc/self/mountinfo; touch /cache/x && echo written')]);
  assert.equal(stdout, '1\nwritten\n');
  assert.match(stderr, /no volume specified for mount point "cache", implicitly creating an "empty" volume/);
});

test('a target, through links of the image, stays in its root', root, async () => {
  await using scene = openScene();
  const plant = ['/escape', '/up'];
  const rootfs = scene.home.file('rootfs');
  mkdirSync(rootfs);
  symlinkSync('/../../../../../../tmp', `${rootfs}/escape`);
  symlinkSync('../../../../../..', `${rootfs}/up`);
  makeRootfs(rootfs);
  const aci = scene.home.file('links.aci');
  writeAci(aci, { acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/links', labels: [{ name: 'os', value: 'linux' }, { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' }], app: { exec: ['/bin/sh'], user: '0', group: '0' } }, rootfs);
  const name = `rkt-volume-${process.pid}`;
  const volumes = plant.flatMap((link, index) => [`--volume=v${index},${host(scene.home.localConfig)}`, `--mount=volume=v${index},target=${link}/${name}${index}`]);
  writeFileSync(scene.home.file('local/marker'), '');
  const { stdout } = await scene.insecure(['run', '--net=none', ...volumes, aci, ...shell(`ls /tmp/${name}0 /${name}1`)]);
  assert.equal(stdout.match(/marker/g)?.length, 2);
  assert.ok(!existsSync(`/tmp/${name}0`) && !existsSync(`/${name}1`));
});

test('a volume inside another, is seen whatever the order, and a directory may take the place of a file', root, async () => {
  await using scene = openScene();
  mkdirSync(scene.home.file('outer/inner'), { recursive: true });
  writeFileSync(scene.home.file('outer/o'), '');
  writeFileSync(scene.home.file('local/i'), '');
  const volumes = { '/v/inner': host(scene.home.localConfig), '/v': host(scene.home.file('outer')), '/etc/group': host(scene.home.localConfig) };
  const { stdout } = await runWith(scene, volumes, 'ls /v /v/inner /etc/group');
  assert.equal(stdout, '/etc/group:\ni\n\n/v:\ninner\no\n\n/v/inner:\ni\n');
});

test('a volume over files of the image, is told with --debug', root, async () => {
  await using scene = openScene();
  const volumes = ['full', 'empty', 'file'].flatMap((name, index) => [`--volume=${name},${host(scene.home.localConfig)}`, `--mount=volume=${name},target=${['/bin', '/var', '/etc/group'][index]}`]);
  const run = ['run', '--net=none', ...volumes, scene.aci, '--exec=/bin/no-such'];
  const debugged = await scene.insecure(['--debug', ...run], { status: 254 });
  const told = debugged.stderr.split('\n').filter((line) => line.includes(' covers '));
  assert.deepEqual(told.sort(), ['volume "file" covers what the image of app "busybox" has at "/etc/group"', 'volume "full" covers what the image of app "busybox" has at "/bin"']);
  assert.doesNotMatch((await scene.insecure(run, { status: 254 })).stderr, / covers /);
});

test('volumes, two of one name, are refused from flags and manifests', root, async () => {
  await using scene = openScene();
  const twice = ['--volume=v,kind=empty', `--volume=v,${host('/tmp')}`];
  assert.match((await scene.insecure(['run', '--net=none', ...twice, scene.aci, '--exec=/bin/true'], { status: 254 })).stderr, /volume/);
  const volumes = [{ name: 'v', kind: 'empty' }, { name: 'v', kind: 'empty' }];
  assert.match((await scene.insecure(['run', '--net=none', await ownManifest(scene, [shellApp('true')], { volumes })], { status: 254 })).stderr, /volume/);
});

test('a host volume, whose source is not there, is named', root, async () => {
  await using scene = openScene();
  const { stderr } = await runWith(scene, { '/v': host('/no/such/source') }, 'true', [], 254);
  assert.match(stderr, /Failed to stat \/no\/such\/source: No such file or directory/);
});

test('--mount, before the images for all apps and after one for that alone, decides what each sees', root, async () => {
  await using scene = openScene();
  const both = ['--volume=all,kind=empty', '--volume=own,kind=empty', '--mount=volume=all,target=/all'];
  const show = 'echo $AC_APP_NAME $(ls -d /all /own 2>/dev/null)';
  const { stdout } = await scene.insecure(['run', '--net=none', ...both, scene.aci, '--name=one', ...shell(show), '---', scene.aci, '--name=two', '--mount=volume=own,target=/own', ...shell(show)]);
  assert.deepEqual(stdout.trim().split('\n').map((line) => line.replace(/^\w+\[\d+\]: /, '')).sort(), ['one /all', 'two /all /own']);
});

const files = { '/etc/passwd': 'root:x:0:0::/:/bin/sh\nweb:x:1001:7::/:/bin/sh\n', '/etc/group': 'root:x:0:\nweb:x:1002:\n' };
for (const [user, group, id] of [
  ['web', 'web', 'uid=1001(web) gid=1002(web)'],
  ['42', '43', 'uid=42 gid=43'],
  ['/etc/passwd', '/etc/group', 'uid=0(root) gid=0(root)'],
  ['root', 'web', 'uid=0(root) gid=1002(web)'],
] as const) {
  test(`--user=${user} --group=${group}, with supplementary groups, is ${id}`, root, async () => {
    await using scene = openScene();
    const aci = scene.makeAci('users.aci', { files });
    const { stdout } = await scene.insecure(['run', '--net=none', aci, `--user=${user}`, `--group=${group}`, '--supplementary-gids=5,6', ...shell('id')]);
    assert.equal(stdout.trim(), `${id} groups=5,6`);
  });
}

test('--supplementary-gids, numbers, names and files, are groups of the app, each once', root, async () => {
  await using scene = openScene();
  const aci = scene.makeAci('users.aci', { files });
  const groups = async (...flags: readonly string[]): Promise<string> =>
    (await scene.insecure(['run', '--net=none', aci, '--user=42', '--group=43', ...flags, ...shell('id -G')])).stdout.trim();
  assert.equal(await groups('--supplementary-gids=5,web', '--supplementary-gids=/etc/passwd,1002'), '43 0 5 1002');
  const { stderr } = await scene.insecure(['run', '--net=none', aci, '--supplementary-gids=nobody-here', '--exec=/bin/true'], { status: 254 });
  assert.match(stderr, /"nobody-here" group not found/);
  for (const value of ['5,', '-1', 'a:b', '99999999999']) {
    assert.match((await scene.insecure(['run', '--net=none', aci, `--supplementary-gids=${value}`], { status: 254 })).stderr, /must be integers, names of groups, or paths of files/);
  }
});

test('--user, a name that is not in the image, is refused by name', root, async () => {
  await using scene = openScene();
  assert.match((await scene.insecure(['run', '--net=none', scene.aci, '--user=nobody-here', '--exec=/bin/true'], { status: 254 })).stderr, /"nobody-here" user not found/);
  assert.match((await scene.insecure(['run', '--net=none', scene.aci, '--group=nobody-here', '--exec=/bin/true'], { status: 254 })).stderr, /"nobody-here" group not found/);
});

test('environment, from every place, has the nearest to the app first', root, async () => {
  await using scene = openScene({ app: { environment: ['B', 'C', 'D', 'E'].map((name) => ({ name, value: 'image' })) } });
  writeFileSync(scene.home.file('env'), 'C=file\nD=file\nE=file\n');
  const flags = ['--inherit-env', `--set-env-file=${scene.home.file('env')}`, '--set-env=D=set-env', '--set-env=E=set-env'];
  const inherited = { A: 'inherited', B: 'inherited', C: 'inherited', D: 'inherited', E: 'inherited' };
  const { stdout } = await scene.insecure(['run', '--net=none', ...flags, scene.aci, '--environment=E=app', '--environment=AC_APP_NAME=lie', ...shell('echo $A $B $C $D $E $AC_APP_NAME')], { env: inherited });
  assert.equal(stdout, 'inherited image file set-env app busybox\n');
});
