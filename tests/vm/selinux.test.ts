/** Labels of pods on a host where SELinux is enforcing: the kernel's own, with a policy as small as can be (selinux.cil). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Home, makeBusyboxAci, makeServiceApp, openHome, rktProgram } from '#tests/support';
import { addVmUser, needsVm, openVm, openVmRkt, quoted, type Vm, type VmRkt } from './index.ts';
import { writeSelinuxPolicy } from './selinux-policy.ts';

const machine = needsVm('secilc', 'getfattr', 'cc');
const CONTEXTS = '/etc/selinux/tiny/contexts/lxc_contexts';
const LEVEL = 's0:c\\d+,c\\d+';
const PROCESS = new RegExp(`^system_u:system_r:container_t:(${LEVEL})$`);

const contexts = (type: string): string =>
  [`process = "system_u:system_r:${type}:s0"`, 'content = "system_u:object_r:host_file_t:s0"', 'file = "system_u:object_r:container_file_t:s0"', 'ro_file = "system_u:object_r:container_ro_file_t:s0"'].join('\n');
const selinuxContext = (type: string, level: string): object => ({ name: 'os/linux/selinux-context', value: { user: 'system_u', role: 'system_r', type, level } });

describe('a host with SELinux', { skip: machine.skip, timeout: 900_000 }, () => {
  let home: Home;
  let vm: Vm;
  let rkt: VmRkt;
  let aci: string;
  let image: string;

  before(async () => {
    home = openHome();
    aci = makeBusyboxAci(home.file('busybox.aci'));
    writeSelinuxPolicy(home.file('policy'));
    vm = await openVm({ append: 'security=selinux selinux=1 enforcing=1' });
    await vm.run(`
      mount -t selinuxfs none /sys/fs/selinux && cat ${quoted(home.file('policy'))} >/sys/fs/selinux/load
      mount -t cgroup2 none /sys/fs/cgroup
      mkdir -p ${CONTEXTS.replace(/[^/]+$/, '')} && echo SELINUXTYPE=tiny >/etc/selinux/config && printf %s ${quoted(contexts('container_t'))} >${CONTEXTS}`);
    rkt = await openVmRkt(vm);
    image = (await rkt.run(['fetch', '--full', aci])).stdout.trim();
  });
  after(async () => {
    await vm?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  const stdout = async (script: string): Promise<string> => (await vm.run(script)).stdout.trim();
  const inPod = async (uuid: string, script: string, status = 0): Promise<string> => {
    const { stdout: out, stderr } = await rkt.run(['enter', '--app=busybox', uuid, '/bin/sh', '-c', script], status);
    return out + stderr;
  };
  const sleeper = ['--exec=/bin/sleep', '--', '1000'];
  const labelsOf = async (uuid: string): Promise<string[]> => (await stdout(`cat /data/rkt/pods/run/${uuid}/selinux-labels`)).split('\n');
  const run = async (args: readonly string[], script: string): Promise<string> => (await rkt.run(['run', '--net=none', ...args, '--exec=/bin/sh', '--', '-c', script])).stdout;
  const shell = (script: string, isolators: readonly object[] = []): object => ({ name: 'app', image: { id: image }, app: { exec: ['/bin/sh', '-c', script], user: '0', group: '0', isolators } });

  test('two pods, have categories of their own, run and write under them, and one cannot read what the other wrote', async () => {
    await vm.run('mkdir /data/shared && chmod 777 /data/shared && setfattr -n security.selinux -v system_u:object_r:container_file_t:s0 /data/shared');
    const volume = ['--volume=shared,kind=host,source=/data/shared', aci, '--mount=volume=shared,target=/shared'];
    const one = await rkt.start(['--net=none', ...volume, ...sleeper]);
    const two = await rkt.start(['--net=none', ...volume, ...sleeper]);
    const [[process = '', file, layer], [other = '']] = [await labelsOf(one), await labelsOf(two)];
    const level = PROCESS.exec(process)?.[1];
    assert.ok(level !== undefined && PROCESS.test(other), `${process}, ${other}`);
    assert.notEqual(process, other);
    assert.deepEqual([file, layer], [`system_u:object_r:container_file_t:${level}`, 'system_u:object_r:container_ro_file_t:s0']);
    const pid = await stdout(`cat /data/rkt/pods/run/${one}/stage1/oci/busybox/pid`);
    assert.equal(await stdout(`cat /proc/${pid}/attr/current | tr -d '\\0'`), process);

    const all = ['/', '/bin/busybox', '/etc/passwd', '/etc/hosts', '/etc/hostname', '/etc/machine-id', '/dev', '/dev/shm', '/dev/mqueue', '/dev/null', '/tmp'];
    const seen = await stdout(`cd /proc/${pid}/root && getfattr -h --absolute-names --only-values -n security.selinux ${all.map((path) => `.${path}`).join(' ')} | tr '\\0' '\\n'`);
    assert.deepEqual(seen.split(/(?=system_u)/).map((label) => label.trim()), all.map(() => file), all.join());

    assert.equal(await inPod(one, 'umask 0; echo secret >/shared/one && cat /proc/self/attr/current /shared/one'), `${process}\0secret\n`);
    assert.match(await inPod(two, 'ls -l /shared; cat /shared/one', 1), /^-rw-rw-rw- .* one$\n^.*\/shared\/one.*: Permission denied/m);
    assert.match(await stdout('dmesg | grep avc'), new RegExp(`denied  { .* } for .* name="one" .* scontext=${other} tcontext=system_u:object_r:container_file_t:${level} tclass=file permissive=0`));
    await vm.run('echo 0 >/sys/fs/selinux/enforce');
    assert.equal(await inPod(two, 'cat /shared/one'), 'secret\n');
    await vm.run('echo 1 >/sys/fs/selinux/enforce; setfattr -n security.selinux -v system_u:object_r:container_file_t:s0 /data/shared/one');
    assert.equal(await inPod(two, 'cat /shared/one'), 'secret\n');
    assert.match(await inPod(one, 'cat /proc/1/cmdline', 1), /Permission denied/);
    for (const uuid of [one, two]) await rkt.run(['stop', uuid]);
    for (const uuid of [one, two]) await rkt.run(['status', '--wait=60s', uuid]);
  });

  test('a host volume that is not labelled for containers, is not theirs, and is not relabelled', async () => {
    await vm.run('mkdir /data/host && echo mine >/data/host/file');
    const { stderr } = await rkt.run(['run', '--net=none', '--volume=v,kind=host,source=/data/host', aci, '--mount=volume=v,target=/v', '--exec=/bin/cat', '--', '/v/file'], 1);
    assert.match(stderr, /\/v\/file.*: Permission denied/);
    assert.match(await stdout('getfattr --absolute-names -n security.selinux /data/host/file 2>&1 || true'), /host_file_t/);
  });

  test('apps of a pod, share its level and what they write into a volume', async () => {
    const share = (name: string, script: string): object => ({ ...shell(script), name, mounts: [{ volume: 'v', path: '/v' }] });
    const apps = [share('writer', 'umask 77; cat /proc/self/attr/current >/v/label.new && mv /v/label.new /v/label; until [ -e /v/done ]; do sleep 0.2; done'), share('reader', 'until [ -e /v/label ]; do sleep 0.2; done; cat /v/label; echo; cat /proc/self/attr/current; echo; touch /v/done')];
    const { stdout: out } = await rkt.run(['run', '--net=none', await rkt.manifest(apps, { volumes: [{ name: 'v', kind: 'empty' }] })]);
    const [written, own] = [...out.matchAll(/system_u\S+?(?=[\0\n])/g)].map(([label]) => label);
    assert.match(own ?? out, PROCESS);
    assert.equal(written, own);
  });

  test('an isolator of an app, wins, and its level is that of the pod\'s files', async () => {
    const script = 'cat /proc/self/attr/current; echo; echo x >/x; cat /x /etc/hostname';
    const { stdout: out } = await rkt.run(['run', '--net=none', '--uuid-file-save=/data/isolator.uuid', await rkt.manifest([shell(script, [selinuxContext('guarded_t', 's0:c7,c9')])])]);
    assert.match(out, /^system_u:system_r:guarded_t:s0:c7,c9\0?\nx\nrkt-/);
    const [process, file] = await labelsOf(await stdout('cat /data/isolator.uuid'));
    assert.deepEqual([process, file], ['system_u:system_r:container_t:s0:c7,c9', 'system_u:object_r:container_file_t:s0:c7,c9']);
  });

  test('an isolator of the pod, wins over the default and not over the app\'s', async () => {
    const flag = await rkt.manifest([{ ...shell('cat /proc/self/attr/current'), name: 'plain' }, shell('cat /proc/self/attr/current', [selinuxContext('container_t', 's0:c1,c2')])], { isolators: [selinuxContext('guarded_t', 's0:c1,c2')] });
    const { stdout: out } = await rkt.run(['run', '--net=none', flag]);
    assert.match(out, /^plain.*guarded_t:s0:c1,c2/m);
    assert.match(out, /^app.*container_t:s0:c1,c2/m);
  });

  test('an isolator with a context the policy has not, or one that would be options of a mount, refuses the pod', async () => {
    for (const [type, level, message] of [['nothing_t', 's0:c1,c2', /app "app" asks for the SELinux context "system_u:system_r:nothing_t:s0:c1,c2": the policy has no such one/], ['container_t', 's0",upperdir=/data,x="', /the SELinux policy has no context .*, by the level of an isolator/]] as const) {
      const { stderr } = await rkt.run(['run', '--net=none', await rkt.manifest([shell('true', [selinuxContext(type, level)])])], 254);
      assert.match(stderr, message);
    }
  });

  test('output to a file that containers may not write to, is there, and so is that of a program that opens it by name', async () => {
    await vm.run(`{ true; } >/data/output`);
    assert.match(await run([aci], 'echo one; echo two >/dev/stdout; echo three >&2'), /^one\ntwo\n$/);
    assert.equal((await rkt.run(['run', '--net=none', '--interactive', aci, '--exec=/bin/echo', '--', 'four'])).stdout, 'four\n');
  });

  test('files of a pod without overlay, or with users of its own, are labelled, and it runs and is exported', async () => {
    for (const flag of ['--no-overlay', '--private-users']) {
      const out = await run(['--uuid-file-save=/data/kind.uuid', flag, aci], 'cat /proc/self/attr/current; echo; echo x >/x && cat /x /bin/../etc/hostname && ln -s x /y && echo x >/dev/shm/x && touch /tmp/z');
      assert.match(out, new RegExp(`^system_u:system_r:container_t:${LEVEL}\0?\nx\nrkt-`), flag);
      await rkt.run(['export', await stdout('cat /data/kind.uuid'), `/data/exported${flag}.aci`]);
    }
    assert.equal(await run(['/data/exported--private-users.aci'], 'cat /y; id -u'), 'x\n0\n');
  });

  test('apps that come and go, have the label of their pod', async () => {
    const uuid = await rkt.start(['--net=none'], ['app', 'sandbox']);
    for (const name of ['one', 'two']) await rkt.run(['app', 'add', uuid, image, `--name=${name}`, ...sleeper]);
    for (const name of ['one', 'two']) await rkt.run(['app', 'start', uuid, `--app=${name}`]);
    const [process] = await labelsOf(uuid);
    for (const name of ['one', 'two']) assert.equal((await rkt.run(['enter', `--app=${name}`, uuid, '/bin/sh', '-c', 'echo x >/x; cat /proc/self/attr/current'])).stdout, `${process}\0`);
    await rkt.run(['app', 'rm', uuid, '--app=two']);
    await rkt.run(['stop', uuid]);
    await rkt.run(['status', '--wait=60s', uuid]);
  });

  test('an app that tells when it is ready, is heard', async () => {
    makeServiceApp(home.file('service-app'));
    await vm.run(`cp ${quoted(home.file('service-app'))} /data/service-app && setfattr -n security.selinux -v system_u:object_r:container_ro_file_t:s0 /data/service-app`);
    const uuid = await rkt.start(['--net=none', '--volume=app,kind=host,source=/data/service-app,readOnly=true', aci, '--mount=volume=app,target=/service-app', '--annotation=appc.io/executor/supports-systemd-notify=true', '--exec=/service-app', '--', 'notify', 'READY=1', 'pause']);
    await rkt.run(['stop', uuid]);
    await rkt.run(['status', '--wait=60s', uuid]);
  });

  test('a pod without root, has categories of its own as well', async () => {
    const as = await addVmUser(vm, [aci]);
    const { stdout: out } = await as(`${rktProgram()} --insecure-options=image run --net=none $PWD/busybox.aci --exec=/bin/sh -- -c 'cat /proc/self/attr/current; echo; echo x >/x && cat /x'`);
    assert.match(out, new RegExp(`^system_u:system_r:container_t:${LEVEL}\0?\nx\n$`));
  });

  test('gc, gives the categories back with the pod', async () => {
    assert.notEqual(await stdout('cat /data/rkt/pods/run/*/selinux-labels'), '');
    await rkt.run(['gc', '--grace-period=0s']);
    assert.equal(await stdout('find /data/rkt/pods -name selinux-labels'), '');
    assert.match((await rkt.run(['image', 'verify', image])).stdout, /successfully verified/);
  });

  test('a policy without containers, is told, and refuses the pod where it names them', async () => {
    await vm.run(`mv ${CONTEXTS} ${CONTEXTS}.kept`);
    const without = await rkt.run(['run', '--net=none', aci, '--exec=/bin/cat', '--', '/proc/self/attr/current']);
    assert.match(without.stdout, /^system_u:system_r:host_t/);
    assert.match(without.stderr, new RegExp(`warning: SELinux does not tell this pod from others: ${CONTEXTS} names no context for containers`));
    await vm.run(`printf %s ${quoted(contexts('svirt_lxc_net_t'))} >${CONTEXTS}`);
    const { stderr } = await rkt.run(['run', '--net=none', aci, '--exec=/bin/true'], 254);
    assert.match(stderr, new RegExp(`the SELinux policy has no context "system_u:system_r:svirt_lxc_net_t:s0", by ${CONTEXTS}`));
    await vm.run('echo 0 >/sys/fs/selinux/enforce');
    const permissive = await rkt.run(['run', '--net=none', aci, '--exec=/bin/true']);
    assert.match(permissive.stderr, /warning: the SELinux policy has no context "system_u:system_r:svirt_lxc_net_t:s0", by .*: SELinux does not tell this pod from others/);
    await vm.run(`echo 1 >/sys/fs/selinux/enforce; mv ${CONTEXTS}.kept ${CONTEXTS}`);
  });
});
