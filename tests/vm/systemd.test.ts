/** Pods as units of a real systemd, the machine's and a user's: docs/running-under-systemd.md. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Home, makeBusyboxAci, makeServiceApp, openHome } from '#tests/support';
import { execLine, needsSystemdVm, openVm, openVmRkt, openVmUser, type Vm, type VmRkt, type VmUnits, vmUnits } from './index.ts';

const MIB = 2 ** 20;
const shell = (script: string): string[] => ['--exec=/bin/sh', '--', '-c', script];
const forever = "trap 'exit 0' TERM; echo hello from the app; while :; do sleep 0.1; done";

describe('a host with systemd and cgroup v2', { skip: needsSystemdVm().skip, timeout: 900_000 }, () => {
  let home: Home;
  let vm: Vm;
  let rkt: VmRkt;
  let units: VmUnits;

  before(async () => {
    home = openHome();
    makeBusyboxAci(home.file('busybox.aci'));
    const ports = [{ name: 'web', protocol: 'tcp', port: 80, socketActivated: true }];
    makeBusyboxAci(home.file('activated.aci'), { name: 'example.com/activated', app: { exec: ['/bin/true'], ports } });
    makeServiceApp(home.file('service-app'));
    vm = await openVm({ systemd: true });
    rkt = await openVmRkt(vm);
    units = vmUnits(vm);
    for (const image of ['busybox', 'activated']) await rkt.run(['fetch', home.file(`${image}.aci`)]);
  });
  after(async () => {
    await vm?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  const stdout = async (script: string): Promise<string> => (await vm.run(script)).stdout.trim();
  /** The lines of a service whose pod is removed when it ends, as the document has them. */
  const service = (name: string, run: readonly string[], ...lines: string[]): Promise<void> =>
    units.write({
      [`${name}.service`]: [
        '[Service]', ...lines, 'KillMode=mixed',
        execLine('ExecStart', rkt.words(['run', `--uuid-file-save=/run/${name}.uuid`, '--net=none', ...run])),
        execLine('ExecStopPost', rkt.words(['rm', `--uuid-file=/run/${name}.uuid`])),
      ],
    });
  /** What is left on the host of pods that have ended. */
  const left = (): Promise<string> => stdout("ls /data/rkt/pods/*/; find /sys/fs/cgroup -name 'machine-rkt*'; pgrep rkt-; true").then((text) => text.replaceAll(/^(\S+:)?\n?$/gm, '').trim());
  /** The pid of the pod in a service, by the pod's own file. */
  const podPid = (name: string): Promise<string> => stdout(`cat /data/rkt/pods/run/$(cat /run/${name}.uuid)/ppid`);

  test('Type=notify, Delegate=yes, the unit is active when the pod is ready, has all of it, and stops cleanly', async () => {
    await service('web', ['example.com/busybox', '--memory=64Mi', ...shell(`ulimit -n; ${forever}`)], 'Type=notify', 'Delegate=yes', 'LimitNOFILE=3000', 'MemoryMax=48M');
    await units.ctl('start web.service');
    const { MainPID, ...shown } = await units.show('web.service', 'ActiveState', 'StatusText', 'MainPID', 'ControlGroup');
    assert.deepEqual(shown, { ActiveState: 'active', StatusText: 'running', ControlGroup: '/system.slice/web.service' });
    assert.equal(MainPID, await podPid('web'));
    assert.match(await stdout('systemctl status web.service --no-pager --full'), /busybox\.service\n.*\n?.*\/bin\/sh -c/);
    const cgroup = await stdout('echo "/sys/fs/cgroup/$(cat /data/rkt/pods/run/$(cat /run/web.uuid)/subcgroup)"');
    assert.match(cgroup, /^\/sys\/fs\/cgroup\/system\.slice\/web\.service\/machine\.slice\/machine-rkt/);
    assert.equal(await stdout(`cat '${cgroup}/system.slice/busybox.service/memory.max'`), String(64 * MIB));
    const [{ apps: [used] }] = JSON.parse((await rkt.run(['stats', '--format=json'])).stdout) as [{ apps: [{ memory_limit_bytes: number }] }];
    assert.equal(used.memory_limit_bytes, 48 * MIB);
    assert.match(await units.journal('web.service'), /^3000\nhello from the app\n/m);
    const uuid = await stdout('cat /run/web.uuid');
    assert.match(await left(), new RegExp(`${uuid}\n[^]*machine-rkt[^]*\n\\d+$`));
    await rkt.run(['enter', uuid, 'tail', '/dev/zero'], 137);
    await units.ctl('stop web.service');
    assert.deepEqual(await units.show('web.service', 'ActiveState', 'Result'), { ActiveState: 'inactive', Result: 'success' });
    assert.equal(await left(), '');
  });

  test('Restart=on-failure, after SIGKILL to all of the unit, a kill of the pod alone, and restart, there is a new pod and only that', async () => {
    await service('web', ['example.com/busybox', ...shell(forever)], 'Type=notify', 'Delegate=yes', 'Restart=on-failure', 'RestartSec=100ms');
    await units.ctl('start web.service');
    for (const action of ['kill --signal=KILL web.service', 'kill --kill-who=main --signal=KILL web.service', 'restart web.service']) {
      const before = await stdout('cat /run/web.uuid');
      await units.ctl(action);
      await vm.run(`for i in $(seq 300); do [ "$(cat /run/web.uuid)" != ${before} ] && exit; sleep 0.2; done; exit 1`, { timeout: 90_000 });
      await units.until('web.service', 'ActiveState', 'active');
      assert.equal((await units.show('web.service', 'MainPID')).MainPID, await podPid('web'), action);
      assert.equal(await stdout('ls /data/rkt/pods/run'), await stdout('cat /run/web.uuid'), action);
    }
    await units.ctl('stop web.service');
    assert.equal(await left(), '');
  });

  test('Type=simple, without Delegate=, an app that fails is the unit\'s failure; one that does not end is killed with the pod', async () => {
    await service('fails', ['example.com/busybox', ...shell('exit 5')], 'Type=simple');
    await units.ctl('start fails.service');
    await units.until('fails.service', 'ActiveState', 'failed');
    assert.deepEqual(await units.show('fails.service', 'Result', 'ExecMainStatus'), { Result: 'exit-code', ExecMainStatus: '5' });
    await service('stays', ['example.com/busybox', ...shell(`trap '' TERM; touch /up; while :; do sleep 0.1; done`)], 'Type=simple', 'TimeoutStopSec=2');
    await units.ctl('start stays.service');
    await vm.run('until [ -s /run/stays.uuid ]; do sleep 0.1; done');
    await rkt.run(['status', '--wait-ready=60s', await stdout('cat /run/stays.uuid')]);
    assert.match(await stdout('cat /data/rkt/pods/run/$(cat /run/stays.uuid)/subcgroup'), /^machine\.slice\//);
    await units.ctl('stop stays.service');
    assert.equal((await units.show('stays.service', 'Result')).Result, 'timeout');
    assert.equal(await left(), '');
  });

  test('RuntimeMaxSec=, ends the pod; WatchdogSec=, a supervisor that hangs is ended', async () => {
    await service('short', ['example.com/busybox', ...shell(forever)], 'Type=notify', 'RuntimeMaxSec=2');
    await units.ctl('start short.service');
    await units.until('short.service', 'ActiveState', 'failed');
    assert.equal((await units.show('short.service', 'Result')).Result, 'timeout');
    await service('hangs', ['example.com/busybox', ...shell(forever)], 'Type=notify', 'Delegate=yes', 'WatchdogSec=10');
    await units.ctl('start hangs.service');
    await vm.run('sleep 11 && systemctl is-active hangs.service');
    await vm.run('kill -STOP $(systemctl show hangs.service --property=MainPID --value)');
    await units.until('hangs.service', 'ActiveState', 'failed');
    assert.equal((await units.show('hangs.service', 'Result')).Result, 'watchdog');
    assert.equal(await left(), '');
  });

  test('a socket unit, starts the pod at the first connection, which the app answers', async () => {
    const tools = [`--volume=tools,kind=host,source=${home.file('service-app')}`, '--mount=volume=tools,target=/service-app'];
    await service('lazy', ['example.com/activated', ...tools, '--exec=/service-app', '--', 'serve', 'hello'], 'Type=notify', 'Delegate=yes');
    await units.write({ 'lazy.socket': ['[Socket]', 'ListenStream=127.0.0.1:8080'] });
    await units.ctl('start lazy.socket');
    assert.equal((await units.show('lazy.service', 'ActiveState')).ActiveState, 'inactive');
    assert.equal(await stdout('busybox nc 127.0.0.1 8080 </dev/null'), 'hello');
    await units.until('lazy.service', 'ActiveState', 'inactive');
    assert.equal((await units.show('lazy.service', 'Result')).Result, 'success');
    await units.ctl('stop lazy.socket');
    assert.equal(await left(), '');
  });

  test('a unit of a user\'s systemd, Type=notify and Delegate=yes, has the pod with its limits, and stops cleanly', async () => {
    const user = await openVmUser(vm);
    const own = vmUnits(vm, { directory: `${user.home}/.config/systemd/user`, flags: '--user', asOwner: (script) => user.command(script) });
    await vm.run(`cp ${home.file('busybox.aci')} ${user.home} && chown vmuser ${user.home}/busybox.aci`);
    await user.rkt(['fetch', `${user.home}/busybox.aci`]);
    const uuidFile = `/run/user/${user.uid}/web.uuid`;
    await own.write({
      'web.service': [
        '[Service]', 'Type=notify', 'Delegate=yes', 'KillMode=mixed',
        execLine('ExecStart', user.words(['run', `--uuid-file-save=${uuidFile}`, '--net=none', 'example.com/busybox', '--memory=64Mi', ...shell(forever)])),
        execLine('ExecStopPost', user.words(['rm', `--uuid-file=${uuidFile}`])),
      ],
    });
    await own.ctl('start web.service');
    const { StatusText, MainPID } = await own.show('web.service', 'StatusText', 'MainPID');
    assert.equal(StatusText, 'running');
    const pod = `${user.home}/.local/share/rkt/pods/run/$(cat ${uuidFile})`;
    assert.equal(MainPID, await stdout(`cat ${pod}/ppid`));
    assert.equal(await stdout(`cat "/sys/fs/cgroup/$(cat ${pod}/subcgroup)/system.slice/busybox.service/memory.max"`), String(64 * MIB));
    assert.match(await stdout(`journalctl _SYSTEMD_USER_UNIT=web.service _UID=${user.uid} --output=cat --no-pager`), /^hello from the app$/m);
    await own.ctl('stop web.service');
    assert.deepEqual(await own.show('web.service', 'ActiveState', 'Result'), { ActiveState: 'inactive', Result: 'success' });
    assert.equal(await stdout(`ls ${user.home}/.local/share/rkt/pods/run; find /sys/fs/cgroup -name 'machine-rkt*'`), '');
  });
});
