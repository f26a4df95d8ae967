/** Profiles of apps on a host where AppArmor is active: the kernel's own, with the profile that packages install. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Home, makeBusyboxAci, makeServiceApp, openHome, rktProgram } from '#tests/support';
import { addVmUser, needsVm, openVm, openVmRkt, quoted, type Vm, type VmRkt } from './index.ts';

const machine = needsVm('apparmor_parser', 'cc');
const DEFAULT = join(import.meta.dirname, '../../packaging/apparmor.d/rkt-default');
const STRICT = 'profile strict flags=(attach_disconnected,mediate_deleted) {\n  capability,\n  file,\n  network,\n  signal,\n  deny /secret r,\n}\n';

describe('a host with AppArmor', { skip: machine.skip, timeout: 600_000 }, () => {
  let home: Home;
  let vm: Vm;
  let rkt: VmRkt;
  let aci: string;
  let image: string;

  before(async () => {
    home = openHome();
    aci = makeBusyboxAci(home.file('busybox.aci'), { files: { '/secret': 'secret\n' } });
    vm = await openVm({ append: 'security=apparmor' });
    await vm.run('mount -t cgroup2 none /sys/fs/cgroup; mount -t securityfs none /sys/kernel/security && cat /sys/module/apparmor/parameters/enabled');
    rkt = await openVmRkt(vm);
    image = (await rkt.run(['fetch', '--full', aci])).stdout.trim();
  });
  after(async () => {
    await vm?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  const load = (file: string): Promise<unknown> => vm.run(`apparmor_parser --skip-cache --replace ${quoted(file)}`, { timeout: 180_000 });
  const run = (flags: readonly string[], script: string, status = 0, more: readonly string[] = []) => rkt.run([...flags, 'run', '--net=none', aci, ...more, '--exec=/bin/sh', '--', '-c', script], status);
  const asking = (profile: string, script: string): Promise<string> => {
    const app = { exec: ['/bin/sh', '-c', script], user: '0', group: '0', isolators: [{ name: 'os/linux/apparmor-profile', value: { profile } }] };
    return rkt.manifest([{ name: 'app', image: { id: image }, app }]);
  };

  test('without the default profile, apps are unconfined, and one that asks for a profile that is not loaded is refused', async () => {
    assert.equal((await run([], 'cat /proc/self/attr/current')).stdout, 'unconfined\n');
    // Root of an app needs no capability to change what this kernel logs.
    assert.equal((await run([], 'ls /proc/dynamic_debug; [ -e /proc/interrupts ] && cat /proc/interrupts')).stdout, '');
    assert.notEqual((await vm.run('ls /proc/dynamic_debug; cat /proc/interrupts')).stdout, '');
    const { stderr } = await rkt.run(['run', '--net=none', await asking('strict', 'true')], 254);
    assert.match(stderr, /app "app" asks for the AppArmor profile "strict": it is not loaded/);
  });

  test('the default profile, once it is loaded, holds every app, what enters it and what it may do with more capabilities', async () => {
    await load(DEFAULT);
    const more = ['--caps-retain=CAP_SYS_ADMIN'];
    const script = 'cat /proc/self/attr/current; mount -t tmpfs none /tmp || umount /proc/kcore || echo no';
    const confined = await run(['--insecure-options=image,seccomp'], script, 0, more);
    assert.equal(confined.stdout, 'rkt-default (enforce)\nno\n', confined.stderr);
    assert.match(confined.stderr, /mount: .*denied/i);
    const open = await run(['--insecure-options=image,seccomp,paths'], script, 0, more);
    assert.equal(open.stdout, 'unconfined\n', open.stderr);

    makeServiceApp(home.file('service-app'));
    const app = [`--volume=app,kind=host,source=${home.file('service-app')},readOnly=true`, aci, '--mount=volume=app,target=/service-app', '--exec=/service-app'];
    const sockets = await rkt.run(['--insecure-options=image,seccomp', 'run', '--net=none', ...app, '--', 'family', '2', 'family', '40']);
    assert.equal(sockets.stdout, 'family 2: yes\nfamily 40: Permission denied\n');

    const uuid = await rkt.start(['--net=none', aci, '--exec=/bin/sh', '--', '-c', 'echo x >/x; cat /x /secret >/dev/stdout; exec sleep 1000']);
    assert.equal((await rkt.run(['enter', uuid, '/bin/cat', '/proc/self/attr/current'])).stdout, 'rkt-default (enforce)\n');
    assert.equal((await rkt.run(['enter', uuid, '/bin/sh', '-c', 'kill -0 $(pidof sleep) && echo 5 >/proc/sys/net/ipv4/ip_default_ttl; cat /x; echo 1 >/proc/sys/kernel/core_pattern'], 1)).stdout, 'x\n');
    await rkt.run(['stop', uuid]);
    await rkt.run(['status', '--wait=60s', uuid]);
  });

  test('a profile that an app asks for, holds it instead of the default', async () => {
    await vm.run(`printf %s ${quoted(STRICT)} >/data/strict`);
    await load('/data/strict');
    const { stdout, stderr } = await rkt.run(['run', '--net=none', await asking('strict', 'cat /proc/self/attr/current /etc/passwd; cat /secret')], 1);
    assert.match(stdout, /^strict \(enforce\)\nroot:x/);
    assert.match(stderr, /\/secret.*: Permission denied/);
    assert.match((await vm.run('dmesg | grep DENIED')).stdout, /apparmor="DENIED" operation="mount".* profile="rkt-default"/);
  });

  test('a user who is not root, has the default profile, or the one that is asked for', async () => {
    const as = await addVmUser(vm, [aci]);
    const words = `${rktProgram()} --insecure-options=image`;
    assert.equal((await as(`${words} run --net=none $PWD/busybox.aci --exec=/bin/cat -- /proc/self/attr/current`)).stdout, 'rkt-default (enforce)\n');
    const asked = await as(`${words} run --net=none ${await asking('strict', 'cat /proc/self/attr/current; cat /secret')}`, { status: 'any' });
    assert.match(asked.stdout, /^strict \(enforce\)\n$/, asked.stderr);
    const refused = await as(`${words} run --net=none ${await asking('nothing', 'true')}`, { status: 'any' });
    assert.deepEqual([refused.status, /AppArmor profile "nothing": it is not loaded/.test(refused.stderr)], [254, true], refused.stderr);
  });

  test('a pod with users of its own, has the default profile as well', async () => {
    const { stdout } = await rkt.run(['run', '--net=none', '--private-users', aci, '--exec=/bin/cat', '--', '/proc/self/attr/current']);
    assert.equal(stdout, 'rkt-default (enforce)\n');
  });
});
