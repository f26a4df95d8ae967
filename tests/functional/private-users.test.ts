/** A pod with a user namespace of its own sees itself as root, and owns nothing outside. */
import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs, rktProgram, run, type RunResult } from '#tests/support';
import { isolator, ownManifest, shellApp } from './own-manifest.ts';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene, UUID } from './scene.ts';

const root = needs('root');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const users = ['run', '--private-users', '--net=none'];

type Run = (scene: Scene, args: string[]) => Promise<{ stdout: string; stderr: string }>;
const runtimes: Readonly<Record<string, { skip: string | false; run: Run }>> = {
  crun: { skip: needs('root', 'crun').skip, run: (scene, args) => scene.insecure(args) },
  runc: { skip: needs('root', 'runc').skip, run: (scene, args) => runShell(scene, `${HIDE_CRUN}; exec "$@"`, args) },
};
const HIDE_CRUN = 'for crun in /usr/bin/crun /usr/local/bin/crun; do [ ! -e $crun ] || mount --bind /dev/null $crun; done';

/** A shell, in mounts of its own, with `rkt ARGS` as its arguments. */
async function runShell(scene: Scene, script: string, args: readonly string[]): Promise<RunResult> {
  const rkt = [rktProgram(), ...scene.home.flags, '--insecure-options=image', ...args];
  const result = await run('unshare', ['--mount', '--propagation=private', 'sh', '-c', script, 'sh', ...rkt]);
  assert.equal(result.status, 0, result.output);
  return result;
}

/** The range of a pod, as its file has it. */
function rangeOf(scene: Scene, uuid: string, phase = 'run'): { shift: number; count: number } {
  const [shift, count] = readFileSync(join(scene.home.dataDir, 'pods', phase, uuid, 'private-users-prepared'), 'utf8').split(':').map(Number);
  return { shift: shift!, count: count! };
}

/** Of every process that is in the pod. */
function ownersOf(pid: number): Set<string> {
  const namespace = readlinkSync(`/proc/${pid}/ns/user`);
  const pids = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/ns/user`) === namespace;
    } catch {
      return false;
    }
  });
  return new Set(pids.map((name) => /^Uid:\s*(.*)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))![1]!));
}

for (const [name, { skip, run: runWith }] of Object.entries(runtimes)) {
  for (const copies of [[], ['--no-overlay']]) {
    test(`private users, ${name}${copies.length > 0 ? ', with copies' : ''}, an app is root of its files and writes them`, { skip }, async () => {
      await using scene = openScene({ files: { '/etc/motd': 'of the image\n' } });
      const script = "cut -c1-10 /proc/self/uid_map; id -u; stat -c '%u %g' / /etc /etc/motd /tmp /run /etc/hostname /dev/shm /dev/pts; echo x >>/etc/motd && chown 7:8 /etc/motd && stat -c '%u %g' /etc/motd; echo x >/etc/hostname && echo x >/dev/shm/f && echo end";
      const { stdout } = await runWith(scene, [...users, ...copies, scene.aci, ...shell(script)]);
      assert.equal(stdout, `         0\n0\n${'0 0\n'.repeat(8)}7 8\nend\n`);
    });
  }

  test(`private users, ${name}, what is mounted for an app is what every pod has`, { skip }, async () => {
    await using scene = openScene();
    const script = "cut -d, -f1 /proc/mounts | cut -d' ' -f2,4; (echo x >/proc/sys/kernel/hostname) 2>&1; cat /proc/kcore 2>/dev/null | head -c1; echo x >/dev/null && head -c1 /dev/zero | wc -c && ls /dev/mqueue && echo end";
    const [own, plain] = [await runWith(scene, [...users, scene.aci, ...shell(script)]), await runWith(scene, ['run', '--net=none', scene.aci, ...shell(script)])];
    const wanted = plain.stdout.split('\n').filter((line) => line !== '');
    for (const line of wanted) assert.ok(own.stdout.split('\n').includes(line), `${line} in\n${own.stdout}`);
  });

  test(`private users, ${name}, on the host's network, IPC and with a user, group and handlers, runs`, { skip }, async () => {
    await using scene = openScene();
    const aci = scene.makeAci('handlers.aci', { app: { eventHandlers: [{ name: 'pre-start', exec: ['/bin/sh', '-c', 'id -u; echo x >/pre'] }] } });
    const script = "id -u; id -g; stat -c %u /pre; ls /sys/class/net | grep -c .; ls /dev/mqueue /dev/shm >/dev/null && ! touch /sys/power/x 2>/dev/null && echo end";
    const flags = ['run', '--private-users', '--net=host', '--ipc=parent', '--user=1000', '--group=1001'];
    const { stdout } = await runWith(scene, [...flags.slice(0, 4), aci, ...flags.slice(4), ...shell(script)]);
    assert.match(stdout, /^0\n1000\n1001\n0\n\d+\nend\n$/);
  });
}

test('private users, seen from the host, no process of the pod is of a user of the host', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, [...users, scene.aci, '--name=one', ...shell('touch /mine; exec sleep 1000'), '---', scene.aci, '--name=two', '--user=1000', ...shell('exec sleep 1000')]);
  const { shift, count } = rangeOf(scene, pod.uuid);
  assert.ok(shift >= 65536 && shift % 65536 === 0 && shift < 2 ** 31 && count === 65536);
  const init = Number(readFileSync(join(scene.home.dataDir, 'pods/run', pod.uuid, 'pid'), 'utf8'));
  const of = (uid: number): string => Array.from({ length: 4 }, () => uid).join('\t');
  assert.deepEqual([...ownersOf(init)].sort(), [of(shift), of(shift + 1000)].sort());
  for (const kind of ['pid', 'ipc', 'uts', 'net', 'user']) assert.notEqual(readlinkSync(`/proc/${init}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`));
  const upper = join(scene.home.dataDir, 'pods/run', pod.uuid, 'overlay');
  const tree = readdirSync(upper)[0]!;
  const mine = statSync(join(upper, tree, 'upper/one/mine'));
  assert.deepEqual([mine.uid, mine.gid], [shift, shift]);
  assert.equal(existsSync('/run/rkt/one'), false);
});

test('private users, from inside, the root of the pod is nobody to the host', root, async () => {
  await using scene = openScene();
  const { file } = scene.home;
  mkdirSync(file('volume'));
  writeFileSync(file('volume/secret'), 'of the host\n', { mode: 0o600 });
  writeFileSync(file('volume/open'), 'for all\n');
  const before = statSync('/dev/null');
  const tries = "cat /v/open; stat -c %u /v/open; cat /v/secret; echo x >>/v/open; chown 0 /v/open; chmod 777 /v/secret; touch /v/new; chmod 600 /dev/null; chown 0 /dev/null; mknod /d b 7 0; mount -t tmpfs none /tmp; echo 1 >/proc/sys/kernel/panic; hostname x; ls /proc/1/root/";
  // Every restriction is off but the user namespace, and what it is no file of.
  const args = ['--insecure-options=image,all-run', ...users, `--volume=v,kind=host,source=${file('volume')}`, '--mount=volume=v,target=/v', scene.aci, ...shell(tries)];
  const { stdout, stderr } = await scene.rkt(args, { status: 'any' });
  assert.equal(stdout.split('\n').slice(0, 2).join(' '), 'for all 65534');
  assert.doesNotMatch(stdout, /of the host/);
  for (const refusal of [/secret/, /open: Permission/, /chown: \/v\/open/, /chmod: \/v\/secret/, /new: Permission/, /chmod: \/dev\/null/, /chown: \/dev\/null/, /mknod/, /panic|kernel/, /proc\/1\/root/]) assert.match(stderr, refusal);
  const after = statSync('/dev/null');
  assert.deepEqual([after.uid, after.gid, after.mode], [before.uid, before.gid, before.mode]);
  assert.deepEqual(readdirSync(file('volume')).sort(), ['open', 'secret']);
});

test('private users, standard output that is a pipe, can be opened by its name', root, async () => {
  await using scene = openScene();
  const { stdout } = await runShell(scene, '"$@" | cat', [...users, scene.aci, '--user=1000', ...shell('echo hello >/dev/stdout')]);
  assert.equal(stdout, 'hello\n');
});

test('private users, standard output that is a file, stays its owner\'s', needs('root', 'crun', 'runc'), async () => {
  await using scene = openScene();
  const log = scene.home.file('log');
  for (const hide of [':', HIDE_CRUN]) {
    writeFileSync(log, '', { mode: 0o600 });
    chownSync(log, 12345, 54321);
    await runShell(scene, `${hide}; exec "$@" >${log}`, [...users, scene.aci, ...shell('echo hello')]);
    const { uid, gid } = statSync(log);
    assert.deepEqual([uid, gid, readFileSync(log, 'utf8')], [12345, 54321, 'hello\n']);
  }
});

test('private users, volumes, an empty one has its owner inside, and a read-only one is read-only', root, async () => {
  await using scene = openScene();
  writeFileSync(scene.home.file('f'), 'x');
  const volumes = ['--volume=e,kind=empty,uid=5,gid=6,mode=0750', '--volume=d,kind=empty', `--volume=r,kind=host,source=${scene.home.file('f')},readOnly=true`];
  const mounts = ['--mount=volume=e,target=/a/b/c', '--mount=volume=d,target=/d', '--mount=volume=r,target=/r'];
  const { stdout, stderr } = await scene.insecure([...users, ...volumes, ...mounts, scene.aci, ...shell("stat -c '%u %g %a' /a /a/b/c /d /r; echo x >/d/x && chown 3 /d/x && echo x >/r")], { status: 1 });
  assert.equal(stdout, '0 0 755\n5 6 750\n0 0 755\n65534 65534 644\n');
  assert.match(stderr, /Read-only file system/);
});

test('private users, an owner by path, a setuid program and a capability of a file, count inside', root, async () => {
  await using scene = openScene();
  const script = 'chown 77:78 /etc/motd; cp /bin/busybox /tmp/su; chmod 4755 /tmp/su; grep NoNewPrivs /proc/self/status | cut -f2';
  const { stdout } = await scene.insecure([...users, scene.makeAci('own.aci', { files: { '/etc/motd': 'x' } }), '--user=/etc/motd', '--group=/etc', ...shell('id -u; id -g')]);
  assert.equal(stdout, '0\n0\n');
  assert.equal((await scene.insecure([...users, scene.aci, ...shell(script)])).stdout, '0\n');
});

test('private users, isolators and filters, hold as in every pod', root, async () => {
  await using scene = openScene();
  const { stderr } = await scene.insecure([...users, scene.aci, '--memory=24Mi', ...shell('tail /dev/zero')], { status: 137 });
  assert.match(stderr, /busybox: out of memory/);
  const filtered = await scene.insecure([...users, scene.aci, '--caps-retain=CAP_CHOWN', '--seccomp=mode=remove,errno=EXDEV,mkdir,mkdirat', ...shell('grep CapEff /proc/self/status | cut -f2; mkdir /x')], { status: 1 });
  assert.equal(filtered.stdout, '0000000000000001\n');
  assert.match(filtered.stderr, /[Cc]ross-device/);
  assert.match((await scene.insecure([...users, scene.aci, '--readonly-rootfs=true', ...shell('touch /x')], { status: 1 })).stderr, /Read-only/);
});

test('private users, sysctls of the pod, are set', root, async () => {
  await using scene = openScene();
  const manifestWith = (values: Record<string, string>, script: string) => ownManifest(scene, [shellApp(script)], { isolators: [isolator('os/unix/sysctl', values)] });
  const values = { 'net.ipv4.ip_forward': '1', 'kernel.shmmni': '123', 'fs.mqueue.msg_max': '11' };
  const shown = await scene.insecure([...users, await manifestWith(values, 'cd /proc/sys; cat net/ipv4/ip_forward kernel/shmmni fs/mqueue/msg_max')]);
  assert.equal(shown.stdout, '1\n123\n11\n');
  const refused = await scene.insecure([...users, await manifestWith({ 'kernel.domainname': 'x' }, 'true')], { status: 254 });
  assert.match(refused.stderr, /"kernel.domainname" cannot be set for a pod: the pod has users of its own/);
});

test('private users, prepared, are those of the pod that is run, and of no other', root, async () => {
  await using scene = openScene();
  const uuids = await Promise.all([1, 2, 3].map(() => scene.prepare('--private-users', scene.aci, ...shell('cat /proc/self/uid_map'))));
  const shifts = uuids.map((uuid) => rangeOf(scene, uuid, 'prepared').shift);
  assert.equal(new Set(shifts).size, 3);
  const { stdout } = await scene.rkt(['run-prepared', '--net=none', uuids[0]!]);
  assert.deepEqual(stdout.trim().split(/ +/).map(Number), [0, shifts[0], 65536]);
});

test('private users, a damaged range, is refused before anything is made', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare('--private-users', scene.aci, ...shell('true'));
  for (const range of ['0:65536', '65536', 'x:y', '4294901760:65536000']) {
    writeFileSync(join(scene.home.dataDir, 'pods/prepared', uuid, 'private-users-prepared'), range);
    const again = await scene.prepare('--private-users', scene.aci, ...shell('true'));
    assert.match(again, UUID);
  }
  assert.match((await scene.rkt(['run-prepared', '--net=none', uuid], { status: 254 })).stderr, /is not a range of users, SHIFT:COUNT/);
});
