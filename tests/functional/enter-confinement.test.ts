/** An entered command can do nothing the app cannot, and nothing the app has prepared lets it reach the host. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { missingPrograms, needs, rktProgram } from '#tests/support';
import { type RunningPod, startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const sleeper = ['--exec=/bin/sleep', '--', '1000'];
const enter = (scene: Scene, { uuid }: RunningPod, script: string) => scene.rkt(['enter', uuid, 'sh', '-c', script], { status: 'any' });

/** The process of the app on the host. */
async function appProcess(pod: RunningPod): Promise<number> {
  const supervisor = pod.process.pid!;
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ').map(Number);
  const app = children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'rkt-init\n');
  assert.ok(app, `an app among the children ${children.join(', ')}`);
  return app;
}

/** What /proc/PID/status and its kin say of a process, as an entered one shows them of itself. */
async function statusOf(scene: Scene, pod: RunningPod, fields: string): Promise<{ app: string; entered: string }> {
  const wanted = new RegExp(`^(${fields}):`);
  const lines = (text: string): string => text.split('\n').filter((line) => wanted.test(line)).join('\n');
  const entered = await scene.rkt(['enter', pod.uuid, 'cat', '/proc/self/status']);
  return { app: lines(readFileSync(`/proc/${await appProcess(pod)}/status`, 'utf8')), entered: lines(entered.stdout) };
}

test('enter, CVE-2019-10144: the capabilities are those of the app', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, '--caps-retain=CAP_CHOWN', ...sleeper]);
  const { app, entered } = await statusOf(scene, pod, 'Cap(Inh|Prm|Eff|Bnd|Amb)');
  assert.match(app, /CapBnd:\t0+1$/m);
  assert.equal(entered, app);
  assert.match((await enter(scene, pod, 'mount -t tmpfs none /tmp; mknod /d b 7 0; chroot / true')).stderr, /mount: .*\n.*mknod: .*\n(.*chroot: .*)/i);
});

test('enter, CVE-2019-10145: the system call filter is that of the app', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, '--seccomp=mode=remove,errno=EXDEV,mkdir,mkdirat', ...sleeper]);
  const { app, entered } = await statusOf(scene, pod, 'Seccomp|Seccomp_filters');
  assert.match(app, /^Seccomp:\t2$/m);
  assert.equal(entered, app);
  assert.match((await enter(scene, pod, 'mkdir /x')).stderr, /[Cc]ross-device link/);
});

test('enter, CVE-2019-10147: the cgroups are those of the app, and its limits and devices hold', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, '--memory=24Mi', ...sleeper]);
  const [app, entered] = [await appProcess(pod), startEntered(scene, pod)];
  const cgroups = (pid: number): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  assert.equal(cgroups(await entered), cgroups(app));
  assert.match(cgroups(app), /machine\.slice\/machine-rkt/);
  assert.equal((await enter(scene, pod, 'tail /dev/zero')).status, 137);
});

/** The host's pid of a command that waits inside. */
async function startEntered(scene: Scene, pod: RunningPod): Promise<number> {
  void scene.rkt(['enter', pod.uuid, 'sleep', '987654'], { status: 'any' });
  for (;;) {
    const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find((pid) => commandLine(pid) === 'sleep 987654' && inPod(pid, pod));
    if (found !== undefined) return Number(found);
    await sleep(20);
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function inPod(pid: string, pod: RunningPod): boolean {
  const init = readFileSync(`/proc/${pod.process.pid}/task/${pod.process.pid}/children`, 'utf8').trim().split(' ')[0]!;
  return readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync(`/proc/${init}/ns/pid`);
}

test('enter, rkt issue 3999: no new privileges, user and groups are those of the app', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, '--user=65534', '--group=65534', '--supplementary-gids=7', ...sleeper]);
  const { app, entered } = await statusOf(scene, pod, 'NoNewPrivs|Uid|Gid|Groups');
  assert.match(app, /^NoNewPrivs:\t1$/m);
  assert.equal(entered, app);
});

test('enter, the namespaces, are those of the app', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, ...sleeper]);
  const app = await appProcess(pod);
  const names = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'];
  const { stdout } = await enter(scene, pod, `for i in ${names.join(' ')}; do readlink /proc/self/ns/$i; done`);
  assert.deepEqual(stdout.trim().split('\n'), names.map((name) => readlinkSync(`/proc/${app}/ns/${name}`)));
});

test('enter, the descriptors of the command, are its three and no directory of the host', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, ...sleeper]);
  const { stdout } = await scene.rkt(['enter', pod.uuid, 'ls', '-l', '/proc/self/fd']);
  const targets = stdout.split('\n').flatMap((line) => / -> (.*)/.exec(line)?.[1] ?? []).filter((target) => !/^\/proc\/\d+\/fd$/.test(target));
  for (const target of targets) assert.match(target, /^(pipe|socket):|^\/dev\/null$/);
  assert.equal(targets.length, 3);
  assert.equal((await enter(scene, pod, 'cat /proc/self/environ | tr "\\0" "\\n" | grep -c "^\\(SUDO\\|HOME=/root/\\|NODE\\)"')).stdout, '0\n');
});

test('enter, CVE-2019-5736: an app that lies in wait for /proc/PID/exe, cannot overwrite the runtime', root, async () => {
  await using scene = openScene();
  const programs = ['/usr/bin/crun', '/usr/sbin/runc', '/usr/bin/runc', rktProgram()].filter((path) => existsSync(path));
  const state = () => programs.map((path) => [path, statSync(path).ino, statSync(path).mtimeMs, createHash('sha256').update(readFileSync(path)).digest('hex')]);
  const before = state();
  const lurk = 'while :; do for p in /proc/[0-9]*; do case "$(readlink $p/exe)" in *crun|*runc|*memfd*|*node|*rkt) echo pwned >"$p/exe"; echo "$p" >>/seen;; esac; done; done 2>/dev/null';
  const aci = scene.makeAci('lurk.aci', { files: { '/self': '#!/proc/self/exe\n' } });
  const pod = await startRkt(scene, ['run', '--net=none', aci, '--exec=/bin/sh', '--', '-c', lurk]);
  for (let tries = 0; tries < 10; tries++) await enter(scene, pod, 'true');
  for (const program of ['/proc/self/exe', '/proc/1/exe', '/self']) await scene.rkt(['enter', pod.uuid, program], { status: 'any' });
  assert.deepEqual(state(), before);
});

const PLANTED = {
  '/etc/ld.so.preload': '/evil.so\n',
  '/evil.so': 'no library',
  '/etc/nsswitch.conf': 'passwd: evil\n',
  '/lib/libnss_evil.so.2': 'no library',
  '/etc/passwd': 'root:x:12345:54321:planted:/planted:/bin/evil\nnobody:x:0:0::/:/bin/sh\n',
  '/etc/group': 'root:x:54321:\n',
};

test('enter, a preload list, name services and accounts that the app planted, change nothing', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.makeAci('planted.aci', { files: PLANTED }), ...sleeper]);
  const { stdout, stderr } = await scene.rkt(['enter', pod.uuid, 'sh', '-c', 'grep -E "^(Uid|Gid|CapBnd)" /proc/self/status']);
  assert.equal(stdout, 'Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nCapBnd:\t00000000a80425fb\n');
  assert.equal(stderr, '');
});

test('enter, links that the app planted, lead nowhere outside its root', root, async () => {
  await using scene = openScene();
  const marker = scene.home.file('local/of-the-host');
  const plant = `ln -s ${rktProgram()} /outside; ln -s /proc/1/root/bin/sh /init-root; rm -rf /tmp; ln -s / /tmp; exec sleep 1000`;
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, '--exec=/bin/sh', '--', '-c', plant]);
  await enter(scene, pod, 'until test -L /tmp; do sleep 0.1; done');
  for (const program of ['/outside', '/init-root', '/proc/1/root/bin/sh', '/proc/1/cwd/bin/sh']) {
    assert.notEqual((await scene.rkt(['enter', pod.uuid, program, '-c', `echo x >${marker}`], { status: 'any' })).status, 0, program);
  }
  assert.ok(!existsSync(marker));
});

test('enter, a file that cannot be executed or a directory, exits 126 and leaves no process', root, async () => {
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.makeAci('plain.aci', { files: { '/plain': 'text' } }), ...sleeper]);
  for (const program of ['/plain', '/bin', '/dev/null']) {
    const { stderr } = await scene.rkt(['enter', pod.uuid, program], { status: 126 });
    assert.match(stderr, new RegExp(`cannot enter app "busybox": "${program}" cannot be executed`));
  }
  const { stdout } = await scene.rkt(['enter', pod.uuid, 'ps']);
  assert.doesNotMatch(stdout, /crun|runc/);
});

test('enter, /proc of the pod, names no process of the host', needs('root'), async () => {
  assert.deepEqual(missingPrograms('crun', 'runc').length < 2, true);
  await using scene = openScene();
  const pod = await startRkt(scene, ['run', '--net=none', scene.aci, ...sleeper]);
  const { stdout } = await scene.rkt(['enter', pod.uuid, 'sh', '-c', 'ls -d /proc/[0-9]* | wc -l; ls /proc/1/root/ 2>&1; ls /proc/1/fd 2>&1 | head -1']);
  assert.match(stdout, /^[345]\n/);
  assert.doesNotMatch(stdout, /home|usr|lib64/);
});
