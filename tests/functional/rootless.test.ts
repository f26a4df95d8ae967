/** Pods of a user who is not root (docs/rootless.md): a real one, with ids of its own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDevice, makeNode, S_IF } from '#sys';
import { makeBusyboxAci, makeOciLayout, makeRichImage, makeRootfs, needs, openNetHost } from '#tests/support';
import { openUserScene } from './user-scene.ts';

const user = needs('root', 'newuidmap', 'setpriv', 'crun', 'gpg');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const sleeper = ['--exec=/bin/sleep', '--', '1000'];

test('without root, run, an app is root inside and the user outside, and its files are the user\'s', user, async () => {
  await using scene = await openUserScene();
  const script = "id -u; stat -c '%u %g' / /etc /bin/busybox; touch /mine /theirs; chown 33:34 /theirs; test -w /dev/null; cat /proc/self/uid_map";
  const { stdout } = await scene.insecure(['run', '--net=none', scene.aci, ...shell(script)]);
  const [id, ...lines] = stdout.trim().split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
  assert.deepEqual([id, ...lines], ['0', '0 0', '0 0', '0 0', `0 ${scene.uid} 1`, `1 ${scene.shift} 65536`]);
  const pods = join(scene.dataDir, 'pods/run');
  const overlay = join(pods, readdirSync(pods)[0]!, 'overlay');
  const upper = join(overlay, readdirSync(overlay)[0]!, 'upper/busybox');
  assert.deepEqual(['mine', 'theirs'].map((name) => lstatSync(join(upper, name)).uid), [scene.uid, scene.shift + 32]);
});

test('without root, a pod that runs, has no privilege on the host and can be listed, entered, stopped and removed', user, async () => {
  await using scene = await openUserScene();
  const pod = await scene.start('--net=none', scene.aci, '--user=1000', ...shell("trap 'exit 5' TERM; sleep 1000 & wait"));
  const status = readFileSync(`/proc/${pod.pid}/status`, 'utf8');
  assert.match(status, new RegExp(`^Uid:\\t${scene.uid}\\t${scene.uid}\\t${scene.uid}\\t`, 'm'));
  assert.notEqual(readlinkSync(`/proc/${pod.pid}/ns/user`), readlinkSync('/proc/self/ns/user'));
  assert.match((await scene.rkt(['list', '--no-legend'])).stdout, /\tbusybox\t.*\trunning\t/);
  assert.match((await scene.rkt(['stats', '--interval=0s', '--no-legend'])).stdout, /\tbusybox\t/);
  const entered = await scene.rkt(['enter', pod.uuid, 'sh', '-c', 'id -u; grep CapBnd /proc/self/status | cut -f2; grep Seccomp: /proc/self/status | cut -f2; readlink /proc/self/ns/user; exit 7'], 7);
  assert.deepEqual(entered.stdout.trim().split('\n'), ['1000', '00000000a80425fb', '2', readlinkSync(`/proc/${pod.pid}/ns/user`)]);
  await scene.rkt(['stop', pod.uuid]);
  assert.equal(await pod.ended, 0);
  assert.match((await scene.rkt(['status', pod.uuid])).stdout, /^app-busybox=5$/m);
  await scene.rkt(['rm', pod.uuid]);
  assert.deepEqual(readdirSync(join(scene.dataDir, 'pods/run')), []);
});

test('without root, SIGKILL of the supervisor, leaves no process', user, async () => {
  await using scene = await openUserScene();
  const pod = await scene.start('--net=none', scene.aci, ...sleeper);
  process.kill(pod.pid, 'SIGKILL');
  await pod.ended;
  await scene.rkt(['status', '--wait=20s', pod.uuid]);
});

test('without root, prepare, run-prepared and export, as root does', user, async () => {
  await using scene = await openUserScene();
  for (const copies of [[], ['--no-overlay']]) {
    const prepared = await scene.insecure(['prepare', '--quiet', ...copies, scene.aci, ...shell('echo x >/made; chown 7:8 /made')]);
    const uuid = prepared.stdout.trim();
    await scene.rkt(['run-prepared', '--net=none', uuid]);
    const out = scene.file(`out${copies.length}.aci`);
    await scene.rkt(['export', uuid, out]);
    const { stdout } = await scene.insecure(['run', '--net=none', out, ...shell("cat /made; stat -c '%u %g' /made /bin")]);
    assert.equal(stdout, 'x\n7 8\n0 0\n');
  }
});

test('without root, signatures, are checked by keys that the user trusts', user, async () => {
  await using scene = await openUserScene();
  const refused = await scene.rkt(['run', '--net=none', scene.aci, ...shell('true')], 254);
  assert.match(refused.stderr, /signature/);
  scene.key.sign(scene.aci);
  chmodSync(`${scene.aci}.asc`, 0o644);
  assert.match((await scene.rkt(['run', '--net=none', scene.aci, ...shell('true')], 254)).stderr, /key|sign/);
  writeFileSync(scene.file('key.asc'), readFileSync(scene.key.publicKeyFile), { mode: 0o644 });
  await scene.rkt(['trust', '--skip-fingerprint-review', '--prefix=example.com/busybox', scene.file('key.asc')]);
  const file = scene.file(`.config/rkt/trustedkeys/prefix.d/example.com/busybox/${scene.key.fingerprint}`);
  assert.equal(statSync(file).uid, scene.uid);
  assert.equal((await scene.rkt(['run', '--net=none', scene.aci, ...shell('echo trusted')])).stdout, 'trusted\n');
  assert.match((await scene.rkt(['trust', '--list'])).stdout, new RegExp(`${scene.key.fingerprint}.*user`));
  await scene.rkt(['trust', `--remove=${scene.key.fingerprint}`]);
  assert.equal(existsSync(file), false);
  await scene.rkt(['run', '--net=none', scene.aci, ...shell('true')], 254);
});

test('without root, an OCI image, has layers and whiteouts, and no devices', needs('root', 'newuidmap', 'setpriv', 'crun', 'gpg'), async () => {
  await using scene = await openUserScene();
  const [base, top] = ['base', 'top'].map((name) => scene.file(name));
  makeRootfs(base!, { '/gone': 'x', '/opaque/old': 'x', '/kept': 'kept\n' });
  makeNode(join(base!, 'disk'), S_IF.BLK | 0o600, makeDevice(7, 0));
  for (const directory of [top!, join(top!, 'opaque')]) mkdirSync(directory);
  for (const [name, text] of [['.wh.gone', ''], ['opaque/.wh..wh..opq', ''], ['opaque/new', 'x']] as const) writeFileSync(join(top!, name), text);
  makeOciLayout(scene.file('layout'), { layers: [{ directory: base! }, { directory: top! }], config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin'] } });
  execFileSync('chown', ['-R', String(scene.uid), scene.file('layout')]);
  const image = `oci:${scene.file('layout')}`;
  await scene.insecure(['fetch', image]);
  const { stdout } = await scene.insecure(['run', '--net=none', image, ...shell("ls /opaque; cat /kept; ls /gone /disk 2>/dev/null; true")]);
  assert.equal(stdout, 'new\nkept\n');
  await scene.rkt(['gc', '--grace-period=0s']);
  await scene.rkt(['image', 'gc', '--grace-period=0s']);
  assert.equal((await scene.rkt(['image', 'list', '--no-legend'])).stdout.trim(), '');
});

test('without root, an image with owners that the user has no ids for, is refused by their numbers', needs('root', 'newuidmap', 'setpriv', 'crun', 'gpg', 'umoci'), async () => {
  await using scene = await openUserScene();
  makeRichImage(scene.file('layout'), scene.file('work'));
  execFileSync('chown', ['-R', String(scene.uid), scene.file('layout')]);
  const { stderr } = await scene.insecure(['fetch', `oci:${scene.file('layout')}:v1`], 254);
  assert.match(stderr, /attributes belongs to 3000000:4000000, and this user namespace has not so many ids/);
});

test('without root, what takes root, is said', user, async () => {
  await using scene = await openUserScene();
  const limited = await scene.insecure(['run', '--net=none', scene.aci, '--memory=64Mi', '--exec=/bin/true']);
  assert.match(limited.stderr, /warning: isolator "resource\/memory" of app "busybox" is not enforced: without root, limits take a cgroup/);
  const refusals: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['run', '--net=none', '--private-users', scene.aci], /--private-users takes root/],
    [['run', '--net=mine', scene.aci], /networks of plugins take root/],
    [['--dir=/var/lib/rkt-of-root', 'run', '--net=none', scene.aci], /permission denied|cannot run as unprivileged user/i],
  ];
  for (const [args, message] of refusals) assert.match((await scene.insecure(args, 254)).stderr, message);
  mkdirSync(scene.file('of-root'), { mode: 0o755 });
  assert.match((await scene.insecure([`--dir=${scene.file('of-root')}`, 'run', scene.aci], 254)).stderr, /cannot run as unprivileged user/);
  assert.deepEqual(readdirSync(scene.file('of-root')), []);
});

test('without root, a user with too few ids, is told how to get them', user, async () => {
  await using scene = await openUserScene({ ids: 1000 });
  const { stderr } = await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true'], 254);
  assert.match(stderr, /\/etc\/subuid gives ruser no range of 65536 ids\nas root: usermod --add-subuids/);
  assert.equal(existsSync(scene.dataDir), false);
});

test('without root, on the host\'s network and IPC, an app has them and changes nothing', user, async () => {
  await using scene = await openUserScene();
  const { stdout } = await scene.insecure(['run', '--net=host', '--ipc=parent', scene.aci, ...shell('ls /sys/class/net | grep -c .; ! touch /sys/power/x 2>/dev/null && ! ip link set lo down 2>/dev/null && echo end')]);
  assert.match(stdout, /^\d+\nend\n$/);
});

test('without root, the default network, reaches out, is reached by its ports, and does not reach the host\'s loopback', needs('root', 'newuidmap', 'setpriv', 'crun', 'gpg', 'pasta', 'ip', 'nsenter'), async () => {
  await using host = await openNetHost();
  await host.run(['sh', '-c', `ip route show default | grep -q . || ip route add default via ${host.world.four}; ip -6 route add default via ${host.world.six}`]);
  await using scene = await openUserScene({ host });
  const serve = 'mkdir -p /tmp/www; hostname > /tmp/www/index.html; exec httpd -f -p 80 -h /tmp/www';
  const web = makeBusyboxAci(scene.file('web.aci'), { app: { exec: ['/bin/sh', '-c', serve], ports: [{ name: 'web', protocol: 'tcp', port: 80 }] } });
  // Their command lines do not name the user's home, which would be taken for a leak.
  const page = (port: number): string[] => ['busybox', 'httpd', '-f', '-p', String(port), '-h', '/etc'];
  host.startOutside(page(7001));
  host.start(page(7002));
  const pod = await scene.start('--net=default', '--port=web:8080', '--port=web:[::1]:8081', web);
  assert.match((await scene.rkt(['status', pod.uuid])).stdout, new RegExp(`^networks=default:ip4=${host.address.four.replaceAll('.', '\\.')}$`, 'm'));
  const inside = async (script: string): Promise<string> => (await scene.rkt(['enter', pod.uuid, 'sh', '-c', script])).stdout;
  assert.match(await inside(`wget -qO- http://${host.world.four}:7001/passwd`), /^root:/m);
  for (const address of ['127.0.0.1', host.world.four, host.address.four]) {
    assert.equal(await inside(`nc -w 2 ${address} 7002 </dev/null >/dev/null 2>&1 && echo yes || echo no`), 'no\n', address);
  }
  const { stdout } = await host.runOutside(['busybox', 'wget', '-qO-', `http://${host.address.four}:8080/`]);
  assert.equal(stdout, `rkt-${pod.uuid}\n`);
  assert.equal((await host.run(['curl', '-gsS', '--max-time', '5', 'http://[::1]:8081/'])).stdout, `rkt-${pod.uuid}\n`);
  process.kill(pod.pid, 'SIGKILL');
  await scene.rkt(['status', '--wait=20s', pod.uuid]);
});
