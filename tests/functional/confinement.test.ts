/** What every app finds and may do, and what --insecure-options opens. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeServiceApp, needs } from '#tests/support';
import { openScene, type Scene, UUID } from './scene.ts';

const root = needs('root');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];

const PROBES = {
  capabilities: "grep CapBnd /proc/self/status | sed 's/.*\\t//'",
  seccomp: "grep Seccomp: /proc/self/status | sed 's/.*\\t//'",
  masked: 'grep -c . /proc/keys',
  readOnly: ' (: >>/proc/sys/vm/swappiness) 2>/dev/null && echo open || echo closed',
  kernel: ' (: >>/proc/sys/kernel/core_pattern) 2>/dev/null && echo open || echo closed',
  device: 'rm -f /d; mknod /d b 7 0 2>/dev/null && echo open || echo closed',
};

async function probe(scene: Scene, insecure: string): Promise<Record<string, string>> {
  const script = Object.entries(PROBES).map(([name, command]) => `echo "${name}=$(${command})"`).join('; ');
  const { stdout } = await scene.rkt([`--insecure-options=image${insecure}`, 'run', '--net=none', scene.aci, ...shell(script)]);
  return Object.fromEntries(stdout.trim().split('\n').map((line) => line.split('=') as [string, string]));
}

const hostBounding = (): string => /CapBnd:\s+([0-9a-f]+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]!;
const DEFAULT_BOUNDING = '00000000a80425fb';
const FILTERED = '2';

test('insecure-options, none, an app is confined in every way', root, async () => {
  await using scene = openScene();
  assert.deepEqual(await probe(scene, ''), {
    capabilities: DEFAULT_BOUNDING, seccomp: FILTERED, masked: '0', readOnly: 'closed', kernel: 'closed', device: 'closed',
  });
});

test('insecure-options, each of capabilities, paths and seccomp, opens that alone', root, async () => {
  await using scene = openScene();
  const confined = await probe(scene, '');
  assert.deepEqual(await probe(scene, ',capabilities'), { ...confined, capabilities: hostBounding() });
  assert.deepEqual(await probe(scene, ',seccomp'), { ...confined, seccomp: '0', device: 'open' });
  const paths = await probe(scene, ',paths');
  assert.deepEqual([paths['capabilities'], paths['seccomp'], paths['device']], [DEFAULT_BOUNDING, FILTERED, 'open']);
  assert.deepEqual([paths['readOnly'], paths['kernel']], ['open', 'open']);
});

test('insecure-options, all-run, opens all of them', root, async () => {
  await using scene = openScene();
  const open = await probe(scene, ',all-run');
  assert.deepEqual([open['capabilities'], open['seccomp'], open['readOnly'], open['kernel'], open['device']], [hostBounding(), '0', 'open', 'open', 'open']);
});

test('devices, a node of a disk made with all capabilities, cannot be opened', root, async () => {
  await using scene = openScene();
  const { stdout } = await scene.rkt(['--insecure-options=image,seccomp,capabilities', 'run', '--net=none', scene.aci, ...shell('mknod /d b 7 0 && dd if=/d of=/dev/null count=1 2>&1; true')]);
  assert.match(stdout, /Operation not permitted/);
});

test('/dev, of an app, has the standard devices, the links, pseudo-terminals and its own /dev/shm', root, async () => {
  await using scene = openScene();
  const script = 'cd /dev; for i in *; do echo "$i $(readlink $i)"; done; test -e /dev/log && echo log; echo x >/dev/shm/x && echo written';
  const { stdout } = await scene.insecure(['run', '--net=none', scene.aci, ...shell(script)]);
  const names = stdout.trim().split('\n').map((line) => line.trim());
  for (const name of ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'shm', 'pts', 'ptmx pts/ptmx', 'fd /proc/self/fd', 'stdin /proc/self/fd/0', 'stdout /proc/self/fd/1', 'stderr /proc/self/fd/2', 'written']) {
    assert.ok(names.includes(name), `${name} in ${names.join(', ')}`);
  }
  assert.ok(!names.includes('log'), 'no journal listens');
});

test('/etc/machine-id, missing or empty in the image, is the UUID of the pod without dashes; another is kept', root, async () => {
  await using scene = openScene();
  const seen = async (image: string): Promise<string> => {
    const file = scene.home.file('uuid');
    const { stdout } = await scene.insecure(['run', '--net=none', `--uuid-file-save=${file}`, image, ...shell('cat /etc/machine-id')]);
    return stdout.replace(readFileSync(file, 'utf8').trim().replaceAll('-', ''), 'that of the pod');
  };
  assert.equal(await seen(scene.aci), 'that of the pod\n');
  assert.equal(await seen(scene.makeAci('empty.aci', { files: { '/etc/machine-id': '' } })), 'that of the pod\n');
  assert.equal(await seen(scene.makeAci('own.aci', { files: { '/etc/machine-id': 'of the image\n' } })), 'of the image\n');
});

test('/etc/hosts, of an image without one, names the pod; that of the image is kept; /etc/hostname is the pod in both', root, async () => {
  await using scene = openScene();
  const show = shell('cat /etc/hosts; echo "<$(cat /etc/hostname)>"');
  const own = await scene.insecure(['run', '--net=none', '--hostname=given', scene.aci, ...show]);
  assert.match(own.stdout, /^127\.0\.0\.1 localhost .*given$/m);
  assert.match(own.stdout, /^::1 ip6-localhost ip6-loopback localhost6 localhost6\.localdomain6$/m);
  assert.match(own.stdout, /^<given>$/m);
  const image = scene.makeAci('hosts.aci', { files: { '/etc/hosts': '10.1.2.3 elsewhere\n' } });
  const kept = await scene.insecure(['run', '--net=none', image, ...show]);
  assert.match(kept.stdout, /^10\.1\.2\.3 elsewhere\n<rkt-/);
  assert.match(kept.stdout, UUID);
});

test('/tmp and /run, of an image without them, are there and /tmp is for everybody', root, async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['run', '--net=none', scene.aci, ...shell('stat -c "%a %n" /tmp /run')]);
  assert.equal(stdout, '1777 /tmp\n755 /run\n');
});

test('--readonly-rootfs, an app, cannot write its root and can write a volume', root, async () => {
  await using scene = openScene();
  const run = ['run', '--net=none', '--volume=v,kind=empty', '--mount=volume=v,target=/data', scene.aci, '--readonly-rootfs=true'];
  const { stdout } = await scene.insecure([...run, ...shell('touch /x 2>&1; touch /data/x && echo written; mount | grep " / "')]);
  assert.match(stdout, /Read-only file system/);
  assert.match(stdout, /^written$/m);
  assert.match(stdout, / \/ type overlay \(ro/);
});

const missing: readonly (readonly [string, Readonly<Record<string, string>>, string, string])[] = [
  ['a program', {}, '/foo-not-there', '/foo-not-there'],
  ['a program with a space in its name', {}, '/foo-not-there X', '/foo-not-there X'],
  ['the interpreter of a script', { '/script': '#!/nope -x\n' }, '/script', '/nope'],
  ['the interpreter of an interpreter', { '/script': '#!/other\n', '/other': '#! /nope\n' }, '/script', '/nope'],
];
for (const [what, files, exec, named] of missing) {
  test(`run, ${what} that is not there, is diagnosed by name`, root, async () => {
    await using scene = openScene();
    const aci = scene.makeAci('missing.aci', { files });
    const { stderr } = await scene.insecure(['run', '--net=none', aci, `--exec=${exec}`, '--', 'arg'], { status: 254 });
    assert.ok(stderr.includes(`Error: Unable to open "${named}": No such file or directory`), stderr);
  });
}

test('run, a program of the host whose loader the image lacks, is diagnosed by the loader', needs('root', 'ls'), async () => {
  await using scene = openScene();
  const volume = ['--volume=host-bin,kind=host,source=/usr/bin', '--mount=volume=host-bin,target=/var/host-bin'];
  const { stderr } = await scene.insecure(['run', '--net=none', ...volume, scene.aci, '--exec=/var/host-bin/ls'], { status: 254 });
  assert.match(stderr, /Error: Unable to open ".*lib.*\.so\.\d": No such file or directory/);
});

test('run, names with spaces, of programs, arguments, volumes and directories, arrive whole', root, async () => {
  await using scene = openScene();
  const aci = scene.makeAci('spaces.aci', { files: { '/my dir/a file': 'with spaces\n' } });
  const volume = ['--volume', `v,kind=host,source=${scene.home.localConfig}`, '--mount', 'volume=v,target=/a volume'];
  const { stdout } = await scene.insecure(['run', '--net=none', ...volume, aci, '--working-dir=/my dir', '--environment=AB=c d', ...shell('cat "a file"; pwd; echo "$1|$2|$AB"; ls -d "/a volume"'), 'sh', 'x y', ' z ']);
  assert.match(stdout, /^with spaces\n\/my dir\nx y\| z \|c d\n\/a volume\n$/);
});

test('/proc/1, of a pod with a network, shows that network and nothing of the host', root, async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['run', scene.aci, ...shell('for i in 1 self; do cut -d: -f1 /proc/$i/net/dev | tr -d " " | grep -v "|" | sort; done; cat /proc/1/net/unix | wc -l')]);
  assert.equal(stdout, 'eth0\nlo\neth0\nlo\n1\n');
});

test('sockets of virtual machines, which know no network namespaces, are no app\'s unless it asks for sockets whole', needs('root', 'cc'), async (t) => {
  await using scene = openScene();
  mkdirSync(scene.home.file('tools'));
  makeServiceApp(scene.home.file('tools/service-app'));
  const [INET, VSOCK] = ['2', '40'];
  const tried = async (options: string, ...flags: readonly string[]): Promise<string> => {
    const words = [`--insecure-options=image${options}`, 'run', '--net=none', `--volume=tools,kind=host,source=${scene.home.file('tools')}`, scene.aci, '--mount=volume=tools,target=/tools', ...flags];
    return (await scene.rkt([...words, '--exec=/tools/service-app', '--', 'family', INET!, 'family', VSOCK!])).stdout;
  };
  const open = 'family 2: yes\nfamily 40: yes\n';
  if ((await tried(',seccomp')) !== open) return t.skip('this kernel has no sockets of virtual machines');
  assert.equal(await tried(''), 'family 2: yes\nfamily 40: Operation not permitted\n');
  assert.equal(await tried('', '--seccomp=mode=retain,@rkt/default-whitelist,socket'), open);
});
