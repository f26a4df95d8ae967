/** What an isolator asks for is so inside the pod, or it is named as not enforced: appc spec/ace.md, Isolators. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { isolator, ownManifest, shellApp } from './own-manifest.ts';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const shell = (text: string): string[] => ['--exec=/bin/sh', '--', '-c', text];
const runOwn = (scene: Scene, manifest: string, status: number | 'any' = 0) =>
  scene.insecure(['run', '--net=none', manifest], { status });

const CGROUPS = '/sys/fs/cgroup';
const isVersion1 = existsSync(`${CGROUPS}/memory`);
const version1 = root.skip === false && !isVersion1 ? { skip: 'this host has cgroup v2 only' } : root;

/** A file of a cgroup (v1) of a pod, or of an app of it. */
function cgroupFile(uuid: string, controller: string, file: string, app?: string): string {
  const scope = readdirSync(`${CGROUPS}/${controller}/machine.slice`).find((name) => name.includes(uuid.replaceAll('-', '\\x2d')));
  assert.ok(scope, `no cgroup of pod ${uuid} in ${controller}`);
  const directory = join(CGROUPS, controller, 'machine.slice', scope, ...(app === undefined ? [] : ['system.slice', `${app}.service`]));
  return readFileSync(join(directory, file), 'utf8').trim();
}

test('memory, an app over its limit, is killed and its status says why', root, async () => {
  await using scene = openScene();
  const { stderr } = await scene.insecure(['run', '--net=none', scene.aci, '--memory=24Mi', ...shell('tail /dev/zero')], { status: 137 });
  assert.match(stderr, /^rkt: supervisor: busybox: out of memory, the kernel killed 1 of its processes$/m);
  const [pod] = JSON.parse((await scene.rkt(['list', '--format=json'])).stdout) as { name: string; apps: { exit_code: number; oom_killed: boolean }[] }[];
  assert.deepEqual([pod!.apps[0]!.exit_code, pod!.apps[0]!.oom_killed], [137, true]);
  const status = await scene.status(pod!.name);
  assert.deepEqual([status['app-busybox'], status['oom-busybox']], ['137', 'true']);
});

test('memory, an app that fails for another reason, is not said to have run out of it', root, async () => {
  await using scene = openScene();
  const { stderr } = await scene.insecure(['run', '--net=none', scene.aci, '--memory=24Mi', ...shell('kill -9 $$')], { status: 137 });
  assert.doesNotMatch(stderr, /out of memory/);
  const { stdout } = await scene.rkt(['list', '--format=json']);
  assert.doesNotMatch(stdout, /oom/);
});

test('memory, a limit of the pod, bounds its apps together', root, async () => {
  await using scene = openScene();
  const limit = [isolator('resource/memory', { limit: '24Mi' })];
  const manifest = await ownManifest(scene, [{ name: 'eats', app: { exec: ['/bin/tail', '/dev/zero'] } }, { ...shellApp('sleep 100'), name: 'waits' }], { isolators: limit });
  assert.match((await runOwn(scene, manifest, 137)).stderr, /supervisor: eats: out of memory/);
});

test('memory, cpu and shares, of flags, are in the cgroup of the app', version1, async () => {
  await using scene = openScene();
  const { uuid } = await startRkt(scene, ['run', '--net=none', scene.aci, '--memory=32Mi', '--cpu=500m', '--cpu-shares=12345', ...shell('sleep 1000')]);
  assert.equal(cgroupFile(uuid, 'memory', 'memory.limit_in_bytes', 'busybox'), String(32 * 1024 * 1024));
  assert.equal(cgroupFile(uuid, 'cpu', 'cpu.cfs_quota_us', 'busybox'), '50000');
  assert.equal(cgroupFile(uuid, 'cpu', 'cpu.shares', 'busybox'), '12345');
});

test('cpu, a thousandth of a processor and none at all, run, the first held to it', version1, async () => {
  await using scene = openScene();
  const { uuid } = await startRkt(scene, ['run', '--net=none', scene.aci, '--name=least', '--cpu=1m', ...shell('sleep 1000'), '---', scene.aci, '--name=free', '--cpu=0', ...shell('sleep 1000')]);
  const quota = (app: string) => ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => cgroupFile(uuid, 'cpu', file, app));
  assert.deepEqual(quota('least'), ['1000', '1000000']);
  assert.equal(quota('free')[0], '-1');
});

test('limits of nothing, of app and pod, are none, and the pod runs', root, async () => {
  await using scene = openScene();
  const none = ['resource/memory', 'resource/cpu', 'resource/block-bandwidth', 'resource/block-iops'].map((name) =>
    isolator(name, { limit: '0', ...(name.includes('block') ? { default: true } : {}) }));
  assert.equal((await runOwn(scene, await ownManifest(scene, [shellApp('echo runs', { isolators: none })], { isolators: none }))).stdout, 'runs\n');
});

test('memory and cpu, of app and pod, are in the cgroups of both, requests too, and the pod bounds the app', version1, async () => {
  await using scene = openScene();
  const cpu = (limit: string) => isolator('resource/cpu', { request: '100m', limit });
  const memory = (limit: string) => isolator('resource/memory', { request: '16Mi', limit });
  const own = shellApp('sleep 1000', { isolators: [cpu('2'), memory('32Mi')] });
  const manifest = await ownManifest(scene, [own], { isolators: [cpu('1500m'), memory('64Mi'), isolator('resource/block-iops', { default: true, limit: '500' })] });
  const { uuid, output } = await startRkt(scene, ['run', '--net=none', manifest]);
  const both = (controller: string, file: string) => [cgroupFile(uuid, controller, file), cgroupFile(uuid, controller, file, 'app')];
  assert.deepEqual(both('memory', 'memory.limit_in_bytes'), [String(64 * 2 ** 20), String(32 * 2 ** 20)]);
  assert.deepEqual(both('memory', 'memory.soft_limit_in_bytes'), [String(16 * 2 ** 20), String(16 * 2 ** 20)]);
  assert.deepEqual(both('cpu', 'cpu.cfs_quota_us'), ['150000', '150000']);
  assert.deepEqual(both('cpu', 'cpu.shares'), ['102', '102']);
  assert.match(cgroupFile(uuid, 'blkio', 'blkio.throttle.write_iops_device'), /^\d+:\d+ 500$/m);
  assert.match(output.stderr, /^warning: resource\/cpu of app "app" is bounded by that of the pod, 1500m$/m);
});

test('block-bandwidth, direct reads and writes, take the time the limit makes them take', version1, async () => {
  await using scene = openScene();
  const copy = 'dd if=/dev/zero of=/x bs=1M count=2 oflag=direct && dd if=/x of=/dev/null bs=1M iflag=direct';
  const manifest = await ownManifest(scene, [shellApp(copy, { isolators: [isolator('resource/block-bandwidth', { default: true, limit: '1M' })] })]);
  const before = Date.now();
  await runOwn(scene, manifest);
  assert.ok(Date.now() - before > 3000, `2 MiB written and read at 1 MB a second took ${Date.now() - before} ms`);
});

test('oom-score-adj, of the flag, is the score of the app, and one that rkt may not give fails the app by name', root, async () => {
  await using scene = openScene();
  const { stdout } = await scene.insecure(['run', '--net=none', scene.aci, '--oom-score-adj=500', ...shell('cat /proc/self/oom_score_adj')]);
  assert.equal(stdout, '500\n');
  const mayLower = (BigInt(`0x${/CapEff:\s+(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]!}`) >> 24n) & 1n;
  const lowered = await scene.insecure(['run', '--net=none', scene.aci, '--oom-score-adj=-500', ...shell('cat /proc/self/oom_score_adj')], { status: mayLower ? 0 : 254 });
  assert.match(lowered.output, mayLower ? /^-500$/m : /oom_score_adj: Permission denied/);
});

test('capabilities, retained ones that rkt does not have, are told', root, async () => {
  await using scene = openScene();
  const set = (...names: string[]) => [isolator('os/linux/capabilities-retain-set', { set: names })];
  const manifest = await ownManifest(scene, [shellApp('grep CapEff /proc/self/status', { isolators: set('CAP_CHOWN', 'CAP_NO_SUCH') })]);
  const { stdout, stderr } = await runOwn(scene, manifest);
  assert.match(stdout, /CapEff:\s+0+1$/m);
  assert.match(stderr, /^warning: app "app": there is no capability "CAP_NO_SUCH"$/m);
});

test('seccomp, removed calls of flags and manifests, fail with their errno or end the app', root, async () => {
  await using scene = openScene();
  const failing = await scene.insecure(['run', '--net=none', scene.aci, '--seccomp=mode=remove,errno=EXDEV,mkdir,mkdirat', ...shell('mkdir /x')], { status: 1 });
  assert.match(failing.stderr, /[Cc]ross-device link/);
  const removed = [isolator('os/linux/seccomp-remove-set', { set: ['mkdir', 'mkdirat', 'no_such_call'] })];
  const ended = await runOwn(scene, await ownManifest(scene, [{ app: { exec: ['/bin/mkdir', '/x'], isolators: removed } }]), 'any');
  const SIGSYS = 31;
  assert.equal(ended.status, 128 + SIGSYS);
  assert.match(ended.stderr, /^warning: app "app": there is no system call "no_such_call", in its seccomp isolator$/m);
});

test('capabilities, a set to retain and one to remove in one manifest, refuse the pod; flags go before the image', root, async () => {
  await using scene = openScene();
  const retain = isolator('os/linux/capabilities-retain-set', { set: ['CAP_CHOWN'] });
  const remove = isolator('os/linux/capabilities-remove-set', { set: ['CAP_KILL'] });
  const both = await ownManifest(scene, [shellApp('true', { isolators: [retain, remove] })]);
  assert.match((await runOwn(scene, both, 254)).stderr, /cannot have both os\/linux\/capabilities-retain-set and os\/linux\/capabilities-remove-set/);
  const aci = scene.makeAci('retains.aci', { app: { isolators: [retain] } });
  const bounding = async (...flags: readonly string[]): Promise<string> =>
    (await scene.insecure(['run', '--net=none', aci, ...flags, ...shell('grep CapBnd /proc/self/status')])).stdout.replace(/CapBnd:\s+0*/, '').trim();
  assert.equal(await bounding(), '1');
  assert.equal(await bounding('--caps-remove=CAP_KILL'), 'a80425db');
  assert.equal(await bounding('--cap-retain=CAP_KILL,CAP_CHOWN'), '21');
});

const GROUPS = ['retain,@rkt/default-whitelist', 'retain,@docker/default-whitelist', 'remove,@rkt/default-blacklist', 'remove,@docker/default-blacklist', 'remove,@systemd/mount'];

test('seccomp, groups of rkt, Docker and systemd, run a shell and keep mounts from it', root, async () => {
  await using scene = openScene();
  for (const value of GROUPS) {
    const { stdout, stderr } = await scene.insecure(['run', '--net=none', scene.aci, `--seccomp=errno=EXDEV,mode=${value}`, ...shell('echo runs; mount -t tmpfs none /tmp; true')]);
    assert.equal(stdout, 'runs\n', value);
    assert.match(stderr, /[Cc]ross-device link/, value);
  }
});

test('seccomp, @appc.io/all to retain and @appc.io/empty to remove, are no filter and the default one', root, async () => {
  await using scene = openScene();
  const seen = async (value: string): Promise<string> =>
    (await scene.insecure(['run', '--net=none', scene.aci, `--seccomp=${value}`, ...shell('grep ^Seccomp: /proc/self/status')])).stdout.replace(/\s+/g, ' ').trim();
  assert.equal(await seen('mode=retain,@appc.io/all'), 'Seccomp: 0');
  assert.equal(await seen('mode=remove,@appc.io/empty'), 'Seccomp: 2');
});

for (const [value, why] of [
  ['mode=remove,rebot', 'there is no system call "rebot"'],
  ['mode=retain,@rkt/no-such-set', 'there is no system call group "@rkt/no-such-set"'],
  ['mode=remove,errno=ENOSUCH,reboot', 'there is no error number "ENOSUCH"'],
] as const) {
  test(`seccomp, --seccomp=${value}, is refused by name and makes no pod`, root, async () => {
    await using scene = openScene();
    const { stderr } = await scene.insecure(['run', '--net=none', scene.aci, `--seccomp=${value}`, '--exec=/bin/true'], { status: 254 });
    assert.ok(stderr.includes(why), stderr);
    assert.equal((await scene.rkt(['list', '--no-legend'])).stdout.trim(), '');
  });
}

test('no-new-privileges, for a user always, and for root where it is asked, is set', root, async () => {
  await using scene = openScene();
  const seen = async (app: Readonly<Record<string, unknown>>): Promise<string> =>
    (await runOwn(scene, await ownManifest(scene, [shellApp('grep NoNewPrivs /proc/self/status', app)]))).stdout.replace(/\s+/g, ' ').trim();
  assert.equal(await seen({}), 'NoNewPrivs: 0');
  assert.equal(await seen({ user: '65534', group: '65534' }), 'NoNewPrivs: 1');
  assert.equal(await seen({ isolators: [isolator('os/linux/no-new-privileges', true)] }), 'NoNewPrivs: 1');
});

test('sysctl, those of the namespaces of the pod, are set, and the others refuse the pod', root, async () => {
  await using scene = openScene();
  const sysctl = (value: Readonly<Record<string, string>>) => ({ isolators: [isolator('os/unix/sysctl', value)] });
  const values = { 'net.ipv4.ip_unprivileged_port_start': '81', 'kernel.msgmax': '4321', 'fs.mqueue.msg_max': '22' };
  const show = Object.keys(values).map((name) => `/proc/sys/${name.replaceAll('.', '/')}`).join(' ');
  const host = readFileSync('/proc/sys/kernel/msgmax', 'utf8');
  assert.equal((await runOwn(scene, await ownManifest(scene, [shellApp(`cat ${show}`)], sysctl(values)))).stdout, '81\n4321\n22\n');
  assert.equal(readFileSync('/proc/sys/kernel/msgmax', 'utf8'), host);
  for (const name of ['vm.swappiness', 'kernel.core_pattern', 'net/../kernel/core_pattern', 'net..x']) {
    const refused = await runOwn(scene, await ownManifest(scene, [shellApp('true')], sysctl({ [name]: '1' })), 254);
    assert.ok(refused.stderr.includes(`sysctl "${name}" cannot be set for a pod`), refused.stderr);
  }
  const ofHost = await ownManifest(scene, [shellApp('true')], sysctl({ 'net.ipv4.ip_forward': '1' }));
  assert.match((await scene.insecure(['run', '--net=host', ofHost], { status: 254 })).stderr, /the pod has the network of the host/);
  const ipc = await ownManifest(scene, [shellApp('true')], sysctl({ 'kernel.msgmax': '1' }));
  assert.match((await scene.insecure(['run', '--net=none', '--ipc=parent', ipc], { status: 254 })).stderr, /the pod has the IPC of the host/);
});

test('isolators that are not enforced, are told by name, for app and pod', root, async () => {
  await using scene = openScene();
  const app = shellApp('true', { isolators: [isolator('example.com/own', 1), isolator('os/unix/sysctl', { 'net.ipv4.ip_forward': '1' })] });
  const { stderr } = await runOwn(scene, await ownManifest(scene, [app], { isolators: [isolator('os/linux/oom-score-adj', 1)] }));
  assert.deepEqual(stderr.trim().split('\n').filter((line) => line.startsWith('warning: ')), [
    'warning: isolator "os/linux/oom-score-adj" of the pod is for apps only, and not enforced',
    'warning: isolator "example.com/own" of app "app" is not known, and not enforced',
    'warning: isolator "os/unix/sysctl" of app "app" is for pods only, and not enforced',
  ]);
});

const noSelinux = existsSync('/sys/fs/selinux/enforce') ? { skip: 'SELinux is active here' } : root;
const noApparmor = existsSync('/sys/kernel/security/apparmor/profiles') ? { skip: 'AppArmor is active here' } : root;

test('selinux-context, on a host without SELinux, is told', noSelinux, async () => {
  await using scene = openScene();
  const context = isolator('os/linux/selinux-context', { user: 'system_u', role: 'system_r', type: 'container_t', level: 's0' });
  const { stderr } = await runOwn(scene, await ownManifest(scene, [shellApp('true', { isolators: [context] })]));
  assert.match(stderr, /isolator "os\/linux\/selinux-context" of app "app" is not enforced: SELinux is not active/);
});

test('apparmor-profile, one that is not loaded, refuses the pod', noApparmor, async () => {
  await using scene = openScene();
  const manifest = await ownManifest(scene, [shellApp('true', { isolators: [isolator('os/linux/apparmor-profile', { profile: 'strict' })] })]);
  assert.match((await runOwn(scene, manifest, 254)).stderr, /app "app" asks for the AppArmor profile "strict": AppArmor is not active/);
});
