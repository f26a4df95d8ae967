/** Limits of pods without root (docs/rootless.md): in cgroups that a user's systemd, or root by hand, has delegated. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Home, makeBusyboxAci, openHome } from '#tests/support';
import { execLine, inScope, needsSystemdVm, openVm, openVmUser, quoted, type Vm, type VmUser, vmUnits } from './index.ts';

const MIB = 2 ** 20;
const delegated = { prefix: inScope('Delegate=yes') };
const disk = { name: 'resource/block-iops', value: { default: true, limit: '500' } };
const memory = { name: 'resource/memory', value: { limit: '64Mi' } };
const sleeper = ['--exec=/bin/sleep', '--', '1000'];
const NOT_ENFORCED = /^warning: isolator "resource\/memory" of app "busybox" is not enforced: without root, limits take a cgroup of version 2 that is delegated, as of: systemd-run --user --scope -p Delegate=yes rkt \.\.\.$/m;

describe('a user of a host with systemd and cgroup v2', { skip: needsSystemdVm().skip, timeout: 900_000 }, () => {
  let home: Home;
  let vm: Vm;
  let user: VmUser;
  let aci: string;

  before(async () => {
    home = openHome();
    makeBusyboxAci(home.file('busybox.aci'));
    makeBusyboxAci(home.file('limits.aci'), { name: 'example.com/limits', app: { exec: ['/bin/true'], isolators: [disk, memory] } });
    vm = await openVm({ systemd: true });
    user = await openVmUser(vm);
    aci = `${user.home}/busybox.aci`;
    await vm.run(`cp ${home.file('*.aci')} ${user.home} && chown vmuser ${user.home}/*.aci`);
  });
  after(async () => {
    await vm?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  const stdout = async (script: string): Promise<string> => (await vm.run(script)).stdout.trim();
  /** Of a running pod: the directory of its cgroup. */
  const cgroupOf = async (uuid: string): Promise<string> => `/sys/fs/cgroup/${await stdout(`cat ${user.home}/.local/share/rkt/pods/run/${uuid}/subcgroup`)}`;
  const inCgroup = async (uuid: string, file: string): Promise<string> => stdout(`cat '${await cgroupOf(uuid)}/system.slice/busybox.service/${file}'`);
  /** Ends and collects a pod: nothing of it is left in the cgroups. */
  const end = async (uuid: string): Promise<void> => {
    await user.rkt(['stop', '--force', uuid]);
    await user.rkt(['status', '--wait=60s', uuid]);
    await user.rkt(['gc', '--grace-period=0s']);
    assert.equal(await stdout("find /sys/fs/cgroup -name 'machine-rkt*'"), '');
  };

  test('run, in a scope that is delegated, limits are in the app\'s cgroup, the kernel kills by them, and stats tells of it', async () => {
    const uuid = await user.start(['run', '--net=none', aci, '--memory=64Mi', '--cpu=250m', '--cpu-shares=12345', ...sleeper], delegated);
    assert.match(await cgroupOf(uuid), new RegExp(`/user@${user.uid}\\.service/app\\.slice/run-.*\\.scope/machine\\.slice/`));
    assert.deepEqual([await inCgroup(uuid, 'memory.max'), await inCgroup(uuid, 'cpu.max'), await inCgroup(uuid, 'cpu.weight')], [String(64 * MIB), '25000 100000', '471']);
    type Stats = [{ apps: [{ cpu_ns: number; memory_bytes: number; memory_limit_bytes: number; pids: number }] }];
    const [{ apps: [used] }] = JSON.parse((await user.rkt(['stats', '--format=json', uuid])).stdout) as Stats;
    assert.equal(used.memory_limit_bytes, 64 * MIB);
    assert.ok(used.memory_bytes > 0 && used.cpu_ns > 0 && used.pids === 1, JSON.stringify(used));
    await end(uuid);
    const over = await user.rkt(['run', '--net=none', aci, '--memory=24Mi', '--exec=/bin/tail', '--', '/dev/zero'], { ...delegated, status: 137 });
    assert.match(over.stderr, /supervisor: busybox: out of memory, the kernel killed 1 of its processes/);
    assert.doesNotMatch(over.stderr, /not enforced/);
    await user.rkt(['gc', '--grace-period=0s']);
  });

  test('enter, from outside, is held by the app\'s limits; where nobody can move it there, it is refused', async () => {
    const uuid = await user.start(['run', '--net=none', aci, '--memory=24Mi', ...sleeper], delegated);
    assert.equal((await user.rkt(['enter', uuid, 'sh', '-c', 'cat /proc/self/cgroup; exit 7'], { status: 7 })).stdout, '0::/\n');
    await user.rkt(['enter', uuid, 'tail', '/dev/zero'], { status: 137 });
    const refused = await user.rkt(['enter', uuid, 'true'], { status: 254, prefix: 'env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS' });
    assert.match(refused.stderr, /cannot enter the app's cgroup, \/user\.slice\/.*: this process cannot be moved there\nenter from a login/);
    await end(uuid);
  });

  test('a unit of the machine with User= and Delegate=, is ready, has the pod with its limits and leaves nothing', async () => {
    const file = `${user.home}/unit.uuid`;
    await vmUnits(vm).write({
      'mine.service': [
        '[Service]', 'Type=notify', 'User=vmuser', 'Delegate=yes', 'KillMode=mixed',
        execLine('ExecStart', user.words(['run', `--uuid-file-save=${file}`, '--net=none', aci, '--memory=24Mi', ...sleeper])),
        execLine('ExecStopPost', user.words(['rm', `--uuid-file=${file}`])),
      ],
    });
    await vm.run('systemctl start mine.service', { timeout: 120_000 });
    const uuid = await stdout(`cat ${file}`);
    assert.match(await cgroupOf(uuid), /^\/sys\/fs\/cgroup\/system\.slice\/mine\.service\/machine\.slice\//);
    assert.equal(await inCgroup(uuid, 'memory.max'), String(24 * MIB));
    assert.equal(await stdout('systemctl show mine.service --property=StatusText --value'), 'running');
    assert.match((await user.rkt(['enter', uuid, 'true'], { status: 254 })).stderr, /cannot be moved there\nenter from where the pod was started/);
    await vm.run('systemctl stop mine.service', { timeout: 120_000 });
    assert.equal(await stdout(`systemctl show mine.service --property=Result --value; find /sys/fs/cgroup -name 'machine-rkt*'; ls ${user.home}/.local/share/rkt/pods/run`), 'success');
  });

  test('run, in a scope with TasksMax=, an app can have no more processes than that leaves', async () => {
    const script = 'for i in $(seq 100); do sleep 1000 & done';
    const { stderr } = await user.rkt(['run', '--net=none', aci, '--exec=/bin/sh', '--', '-c', script], { prefix: inScope('Delegate=yes', 'TasksMax=40'), status: 2 });
    assert.match(stderr, /can't fork: Resource temporarily unavailable/);
    await user.rkt(['gc', '--grace-period=0s']);
  });

  test('run, what is not delegated, is told by name and the app runs', async () => {
    const limited = ['run', '--net=none', aci, '--memory=64Mi', '--exec=/bin/true'];
    for (const prefix of ['', inScope()]) assert.match((await user.rkt(limited, { prefix })).stderr, NOT_ENFORCED, prefix);
    const { stderr } = await user.rkt(['run', '--net=none', `${user.home}/limits.aci`], delegated);
    assert.deepEqual(stderr.split('\n').filter((line) => line.includes('not enforced')), ['warning: isolator "resource/block-iops" of app "limits" is not enforced: the controller io is not delegated to the user']);
    await user.rkt(['gc', '--grace-period=0s']);
  });

  test('app, in a sandbox that is delegated, what it leaves behind is killed with it, and it starts again', async () => {
    const uuid = await user.start(['app sandbox', '--net=none'], delegated);
    await user.rkt(['app', 'add', uuid, 'example.com/busybox', '--name=busybox', '--memory=24Mi', '--exec=/bin/sh', '--', '-c', 'sleep 1000 & sleep 0.1']);
    for (const time of [1, 2]) {
      await user.rkt(['app', 'start', uuid, '--app=busybox']);
      await vm.run(`until [ -e ${user.home}/.local/share/rkt/pods/run/${uuid}/stage1/rootfs/rkt/status/busybox ]; do sleep 0.1; done`);
      assert.equal(await inCgroup(uuid, 'memory.max'), String(24 * MIB), `time ${time}`);
      await vm.run(`c='${await cgroupOf(uuid)}/system.slice/busybox.service'; for i in $(seq 100); do [ -z "$(cat "$c/cgroup.procs")" ] && exit; sleep 0.1; done; exit 1`);
    }
    await user.rkt(['app', 'rm', uuid, '--app=busybox']);
    assert.equal(await stdout(`ls -d '${await cgroupOf(uuid)}'/system.slice/*/`).catch(() => 'none'), 'none');
    await end(uuid);
  });

  test('run, with runc, in a scope that is delegated, the same limits', async () => {
    await vm.run('mv /usr/bin/crun /usr/bin/no-crun');
    try {
      const uuid = await user.start(['run', '--net=none', aci, '--memory=24Mi', '--cpu=250m', ...sleeper], delegated);
      assert.deepEqual([await inCgroup(uuid, 'memory.max'), await inCgroup(uuid, 'cpu.max')], [String(24 * MIB), '25000 100000']);
      await user.rkt(['enter', uuid, 'tail', '/dev/zero'], { status: 137 });
      await end(uuid);
    } finally {
      await vm.run('mv /usr/bin/no-crun /usr/bin/crun');
    }
  });

  test('run, in a cgroup that root has given to the user by hand, twice from one shell, each pod is limited', async () => {
    await vm.run(`mkdir -p /sys/fs/cgroup/hand && cd /sys/fs/cgroup && echo '+memory +pids' >cgroup.subtree_control && chown ${user.uid} hand hand/cgroup.procs hand/cgroup.subtree_control hand/cgroup.threads`);
    const limited = user.words(['run', '--net=none', aci, '--memory=24Mi', '--exec=/bin/tail', '--', '/dev/zero']).map(quoted).join(' ');
    const { stdout: said, stderr } = await vm.run(`echo $$ >/sys/fs/cgroup/hand/cgroup.procs; ${user.command(`for i in 1 2; do ${limited}; echo $?; done`)}`, { timeout: 180_000 });
    assert.equal(said, '137\n137\n', stderr);
    await user.rkt(['gc', '--grace-period=0s']);
    assert.equal(await stdout("find /sys/fs/cgroup -name 'machine-rkt*'"), '');
  });
});
