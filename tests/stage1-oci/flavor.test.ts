import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findProgram, mount, readHierarchies, runProgram, unmount } from '#sys';
import { type HandMadePod, outcomeOf, whyNot, Workshop } from './hand-made-pod.ts';
import { podCgroup } from '../../src/stage1/oci/pod-paths.ts';

const skip = whyNot();
const workshop = skip === false ? new Workshop() : undefined!;
after(() => workshop?.dispose());

const noTerminal = skip || (findProgram('script') === undefined ? 'script(1) is not installed' : false);
const onTerminal = (argv: readonly string[]) => {
  const quoted = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return runProgram(findProgram('script')!, ['-qec', quoted, '/dev/null'], { env: { ...process.env, TERM: 'vt100' } });
};
const sh = (script: string): { exec: string[] } => ({ exec: ['/bin/sh', '-c', script] });
const retain = (...set: string[]) => [{ name: 'os/linux/seccomp-retain-set', value: { set } }];
const cgroupsOf = (pod: HandMadePod): string[] =>
  readHierarchies().map(({ path }) => join(path, podCgroup(pod.uuid))).filter((path) => existsSync(path));

test('run, an app that ends, gives its output, exit code and status', { skip }, async () => {
  const pod = workshop.pod([sh('id -u; hostname; cat /etc/hostname /etc/hosts; exit 7')]);
  const { status, stdout } = await pod.run();
  assert.equal(status, 7);
  const name = `rkt-${pod.uuid}`;
  assert.ok(stdout.startsWith(`0\n${name}\n${name}\n# This is the default rkt /etc/hosts\n127.0.0.1 localhost localhost.domain localhost4 localhost4.localdomain4 ${name}\n`));
  assert.equal(pod.status('app0'), '7');
});

test('run, defaults, hide the kernel and allow fourteen capabilities under a filter', { skip }, async () => {
  const script = [
    'grep -E "CapEff|CapBnd|CapInh|CapAmb|^Seccomp:|NoNewPrivs" /proc/self/status',
    'cat /proc/kallsyms | grep -c . ; ls /sys/fs /sys/firmware; echo 0 > /proc/sys/vm/panic_on_oom',
    'touch /sys/kernel/x; mount -t tmpfs x /tmp; unshare -U true; mknod /tmp/loop c 10 237; mknod /tmp/null c 1 3 && echo made; ip link',
  ];
  const { stdout, stderr } = await workshop.pod([sh(script.join(';'))]).run();
  assert.match(stdout, /CapInh:\t0{16}\nCapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nCapAmb:\t0{16}\nNoNewPrivs:\t0\nSeccomp:\t2\n/);
  assert.match(stdout, /^0$/m);
  assert.equal(stdout.match(/^\d+: /gm)?.length, 1, 'loopback alone');
  assert.match(stderr, /panic_on_oom: Read-only file system/);
  assert.match(stderr, /\/sys\/kernel\/x: Read-only file system/);
  assert.match(stderr, /mount: permission denied/);
  assert.match(stderr, /unshare.*not permitted/);
  assert.match(stderr, /\/tmp\/loop'?: Operation not permitted/);
  assert.match(stdout, /^made$/m);
});

test('run, insecure, takes the protections away one by one', { skip }, async () => {
  const script = 'grep -E "^Seccomp:|CapBnd" /proc/self/status; ls /sys/fs';
  const { stdout } = await workshop.pod([sh(script)]).run({ disableSeccomp: true, disablePaths: true, disableCapabilitiesRestriction: true });
  assert.match(stdout, /Seccomp:\t0/);
  assert.doesNotMatch(stdout, /CapBnd:\t00000000a80425fb/);
  assert.match(stdout, /cgroup/);
});

test('run, a user by name, has no capabilities and cannot gain any', { skip }, async () => {
  const pod = workshop.pod([{ ...sh('id; grep -E "CapEff|NoNewPrivs" /proc/self/status'), user: 'user1', group: 'group1', supplementaryGIDs: [400, 500] }]);
  const { stdout } = await pod.run();
  assert.match(stdout, /uid=1001\(user1\) gid=1002\(group1\) groups=400,500\n|uid=1001\(user1\) gid=1002\(group1\) groups=1002\(group1\),400,500\n/);
  assert.match(stdout, /CapEff:\t0{16}\nNoNewPrivs:\t1/);
});

test('run, an unknown user, fails before anything starts', { skip }, async () => {
  const { status, stderr } = await workshop.pod([{ user: 'user2' }]).run();
  assert.equal(status, 254);
  assert.match(stderr, /"user2" user not found/);
});

test('run, several apps, share pid, ipc, uts, network and shm, and not the mounts', { skip }, async () => {
  const script = 'for ns in pid ipc uts net mnt; do readlink /proc/self/ns/$ns; done';
  const pod = workshop.pod([sh(`${script}; echo hello > /dev/shm/x; sleep 1`), sh(`${script}; sleep 0.3; cat /dev/shm/x`)]);
  const { status, stdout } = await pod.run();
  const links = stdout.split('\n').flatMap((line) => /\w+:\[\d+\]$/.exec(line)?.[0] ?? []);
  assert.equal(status, 0);
  assert.equal(links.length, 10);
  assert.equal(new Set(links).size, 6);
  assert.match(stdout, /hello/);
});

test('run, ipc of the parent and the network of the host, are the host\'s', { skip }, async () => {
  const { stdout } = await workshop.pod([sh('readlink /proc/self/ns/ipc; readlink /proc/self/ns/net')]).run({ ipc: 'parent', net: 'host' });
  assert.equal(stdout, `${readlinkSync('/proc/self/ns/ipc')}\n${readlinkSync('/proc/self/ns/net')}\n`);
});

test('run, volumes, are read-only or shared as asked, below other mounts too', { skip }, async () => {
  const source = join(workshop.dataDir, 'volume');
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'file'), 'of the host');
  const volumes = [
    { name: 'host', kind: 'host', source, readOnly: true },
    { name: 'empty', kind: 'empty', mode: '0700', uid: 1001, gid: 1002 },
  ];
  const mounts = [{ volume: 'host', path: '/host' }, { volume: 'empty', path: '/new/empty' }];
  const writer = { ...sh('cat /host/file; touch /host/x; ls -lnd /new/empty; echo shared > /new/empty/y'), runtime: { mounts } };
  const reader = { ...sh('sleep 0.5; cat /new/empty/y'), runtime: { mounts } };
  const { stdout, stderr } = await workshop.pod([writer, reader], { volumes }).run();
  assert.match(stdout, /of the host/);
  assert.match(stderr, /touch: \/host\/x: Read-only file system/);
  assert.match(stdout, /drwx------ .* 1001 +1002 /);
  assert.match(stdout, /shared/);
});

test('run, a read-only volume with a mount below it, is read-only there too', { skip }, async () => {
  const source = join(workshop.dataDir, 'with-mount');
  mkdirSync(join(source, 'sub'), { recursive: true });
  mount({ source: 'test', target: join(source, 'sub'), type: 'tmpfs' });
  try {
    const volumes = [{ name: 'v', kind: 'host', source, readOnly: true }];
    const runtime = { mounts: [{ volume: 'v', path: '/v' }] };
    const { stderr } = await workshop.pod([{ ...sh('touch /v/sub/x'), runtime }], { volumes }).run();
    assert.match(stderr, /\/v\/sub\/x: Read-only file system/);
  } finally {
    unmount(join(source, 'sub'));
  }
});

test('run, a read-only root file system, cannot be written', { skip }, async () => {
  const { stderr } = await workshop.pod([{ ...sh('touch /x'), runtime: { readOnlyRootFS: true } }]).run();
  assert.match(stderr, /Read-only file system/);
});

test('run, a retain set without a needed call, ends the app', { skip }, async () => {
  const isolators = retain('@systemd/basic-io', '@systemd/file-system', '@systemd/signal', 'prctl', 'capset', '@systemd/setuid');
  const { status } = await workshop.pod([{ exec: ['/bin/hostname', 'x'], isolators }]).run();
  assert.notEqual(status, 0);
});

test('run, a remove set with an errno, makes the call fail so', { skip }, async () => {
  const isolators = [{ name: 'os/linux/seccomp-remove-set', value: { set: ['mkdir', 'mkdirat', 'uname'], errno: 'EXFULL' } }];
  const { stdout, stderr } = await workshop.pod([{ ...sh('busybox mkdir /x; echo end'), isolators }]).run();
  assert.match(stdout, /end/);
  assert.match(stderr, /Exchange full/);
});

test('run, interactive with a pipe, hands it to the app', { skip }, async () => {
  const { stdout } = await workshop.pod([sh('cat')]).run({ interactive: true }, 'typed');
  assert.equal(stdout, 'typed');
});

test('run and enter, on a terminal, give the app one', { skip: noTerminal }, async () => {
  const pod = workshop.pod([sh('tty; ls -l /dev/console >/dev/null; sleep 2')]);
  const running = onTerminal(pod.command('run', [], { interactive: true }));
  await pod.ready();
  const entered = await onTerminal(pod.command('enter', ['app0', '/bin/sh', '-c', 'tty; echo $TERM; exit 6']));
  assert.match(entered.stdout, /\/dev\/(pts\/\d+|console)\r\nvt100/);
  assert.equal(entered.status, 6);
  assert.match((await running).stdout, /^\^?@?.*\/dev\/(pts\/\d+|console)/);
});

test('run, what it cannot do, is refused', { skip }, async () => {
  const { status, stderr } = await workshop.pod([{}]).run({ privateUsers: '0:65536' });
  assert.equal(status, 254);
  assert.match(stderr, /"0:65536" is not a range of users/);
});

test('run, limits, are those of its cgroup', { skip }, async () => {
  const isolators = [{ name: 'resource/memory', value: { limit: '42Mi' } }, { name: 'resource/cpu', value: { limit: '900m' } }];
  const pod = workshop.pod([{ ...sh('sleep 20'), isolators }]);
  const child = pod.start();
  await pod.ready();
  const limits = readHierarchies().flatMap(({ path }) =>
    ['memory.limit_in_bytes', 'memory.max', 'cpu.cfs_quota_us', 'cpu.max']
      .map((file) => join(path, podCgroup(pod.uuid), 'system.slice/app0.service', file))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, 'utf8').trim()),
  );
  assert.ok(limits.includes('44040192'));
  assert.ok(limits.includes('90000') || limits.includes('90000 100000'));
  assert.equal(pod.verb('stop').status, 0);
  assert.equal((await outcomeOf(child)).status, 0);
});

test('enter, a running app, is confined as the app and gives the exit code', { skip }, async () => {
  const pod = workshop.pod([{ ...sh('sleep 20'), user: 'user1', group: 'group1', environment: [{ name: 'PATH', value: '/bin' }, { name: 'MARK', value: '1' }] }]);
  const child = pod.start();
  await pod.ready();
  const entered = pod.verb('enter', 'app0', '/bin/sh', '-c', 'grep -E "^(Uid|Gid|Groups|Cap.*|NoNewPrivs|Seccomp):" /proc/self/status; env; exit 5');
  assert.equal(entered.status, 5);
  for (const line of pod.processStatus('app0').split('\n').filter((line) => /^(Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp):/.test(line))) {
    assert.ok(entered.stdout.includes(line), `${line} in ${entered.stdout}`);
  }
  assert.match(entered.stdout, /MARK=1/);
  assert.equal(pod.verb('stop', 'force').status, 0);
  await outcomeOf(child);
});

test('enter, an app that has ended, says so', { skip }, async () => {
  const pod = workshop.pod([{}]);
  await pod.run();
  const entered = pod.verb('enter', 'app0', '/bin/true');
  assert.equal(entered.status, 254);
  assert.match(entered.stderr, /it has ended/);
});

test('stop, a pod that runs, ends it with 0; one that does not, throws', { skip }, async () => {
  const pod = workshop.pod([sh('sleep 20'), sh('sleep 20')]);
  const child = pod.start();
  await pod.ready();
  assert.equal(pod.verb('stop').status, 0);
  assert.equal((await outcomeOf(child)).status, 0);
  assert.match(pod.verb('stop').stderr, /it is not running/);
});

test('stop, a ppid that now is another process, leaves that alone', { skip }, () => {
  const pod = workshop.pod([{}]);
  writeFileSync(join(pod.podDir, 'ppid'), `${process.pid}\n`);
  assert.equal(pod.verb('stop', 'force').status, 254);
});

test('gc, after a pod, leaves no cgroup and can be repeated', { skip }, async () => {
  const pod = workshop.pod([{}]);
  await pod.run();
  assert.notEqual(cgroupsOf(pod).length, 0);
  assert.equal(pod.verb('gc').status, 0);
  assert.deepEqual(cgroupsOf(pod), []);
  assert.equal(pod.verb('gc').status, 0);
});

const noCrun = skip || (findProgram('crun') === undefined ? 'crun, which alone takes compiled filters, is not installed' : false);

test('run, many pods, compile the default filter once', { skip: noCrun }, async () => {
  await Promise.all([workshop.pod([{}]).run(), workshop.pod([{}]).run()]);
  const kept = readdirSync(join(workshop.dataDir, 'stage1-oci/seccomp'));
  assert.deepEqual(kept.filter((name) => !/^[0-9a-f]{8}$/.test(name)), [], 'nothing half-made is left');
  assert.notEqual(kept.length, 0);
});
