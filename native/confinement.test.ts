import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { describe, test } from 'node:test';
import { namespaceMembers, runPod, skip, startPod, until } from './supervised-pod.ts';

const isWrapped = process.env['RKT_SUPERVISOR_WRAPPED'] === '1' && 'this build is run by another program';
const procStatus = (pid: number, field: string): string | undefined =>
  new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

describe('init', { skip }, () => {
  test('seen from the host, holds the lock and the lifeline and sees an empty root', { skip: isWrapped }, async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: 'echo up; exec busybox sleep 60' }] });
    await pod.untilOutput('up');
    const fds = fs.readdirSync(`/proc/${pod.init}/fd`).map((fd) => fs.readlinkSync(`/proc/${pod.init}/fd/${fd}`));
    assert.equal(fds.length, 2, fds.join());
    assert.ok(fds.includes(fs.realpathSync(pod.dir)));
    assert.ok(fds.some((target) => target.startsWith('pipe:')));
    assert.deepEqual(fs.readdirSync(`/proc/${pod.init}/root/`), []);
    assert.match(fs.readFileSync(`/proc/${pod.init}/mountinfo`, 'utf8'), /^[^\n]* \/ \/ ro,nosuid,nodev,noexec[^\n]* - tmpfs [^\n]*\n$/);
  });

  test('seen from the host, may do nothing but kill', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: 'echo up; exec busybox sleep 60' }] });
    await pod.untilOutput('up');
    const only = '0000000000000020';
    const none = '0000000000000000';
    const fields = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Groups'];
    assert.deepEqual(fields.map((field) => procStatus(pod.init, field)?.trim()), [none, only, only, none, none, '1', '']);
  });

  test('seen from the host, shows nothing of the caller', { skip: isWrapped }, async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: 'echo up; exec busybox sleep 60' }] });
    await pod.untilOutput('up');
    const read = (file: string): string => fs.readFileSync(`/proc/${pod.init}/${file}`, 'utf8').replace(/\0+$/, '');
    assert.deepEqual([read('comm'), read('cmdline'), read('environ')], ['rkt-init\n', 'rkt-init', '']);
    assert.equal(fs.readFileSync(`/proc/${pod.pid}/comm`, 'utf8'), 'rkt-supervisor\n');
  });

  test('signals from inside the pod, leave it alone', async (t) => {
    const script = 'for s in TERM INT HUP CHLD USR1 STOP KILL 37; do kill -$s 1; done; sleep 0.2; kill -0 1 && exit 12';
    const pod = await runPod(t, { apps: [{ name: 'one', script }] });
    assert.deepEqual(pod.ending, { code: 12, signal: null }, pod.stderr);
  });

  test('orphans of an app, are reaped', async (t) => {
    const script = '(sleep 0.1 & sleep 0.2 &); sleep 0.6; grep -l "^State:.Z" /proc/[0-9]*/status; exit 0';
    const pod = await runPod(t, { apps: [{ name: 'one', script }] });
    assert.deepEqual([pod.ending.code, pod.stdout], [0, ''], pod.stderr);
  });
});

describe('network that is there already', { skip }, () => {
  for (const users of [undefined, 300_000]) {
    test(`init${users === undefined ? '' : ' in a user namespace'}, is in it, and the supervisor is not`, { skip: isWrapped }, async (t) => {
      const holder = spawn('unshare', ['--net', 'sleep', '60']);
      t.after(() => holder.kill());
      const own = fs.readlinkSync('/proc/self/ns/net');
      const path = `/proc/${holder.pid}/ns/net`;
      await until('a network of its own', () => fs.readlinkSync(path) !== own);
      const pod = startPod(t, { withoutNetwork: true, joinNet: path, ...(users === undefined ? {} : { users }), apps: [{ name: 'one', script: 'echo up; exec busybox sleep 60' }] });
      await pod.untilOutput('up');
      assert.equal(fs.readlinkSync(`/proc/${pod.init}/ns/net`), fs.readlinkSync(path));
      assert.equal(fs.readlinkSync(`/proc/${pod.pid}/ns/net`), own);
    });
  }
});

describe('pod in a user namespace', { skip }, () => {
  const users = 700_000_000;

  test('init, is its root, confined as ever, and nobody outside', { skip: isWrapped }, async (t) => {
    const pod = startPod(t, { users, apps: [{ name: 'one', script: 'echo up; exec busybox sleep 60' }] });
    await pod.untilOutput('up');
    const owner = `${users}\t${users}\t${users}\t${users}`;
    assert.deepEqual(['Uid', 'Gid', 'CapEff', 'CapBnd', 'Groups'].map((field) => procStatus(pod.init, field)?.trim()), [
      owner, owner, '0000000000000020', '0000000000000000', '',
    ]);
    assert.equal(fs.readdirSync(`/proc/${pod.init}/fd`).length, 2);
    assert.deepEqual(fs.readdirSync(`/proc/${pod.init}/root/`), []);
    assert.equal(fs.readFileSync(`/proc/${pod.init}/uid_map`, 'utf8').trim().replace(/ +/g, ' '), `0 ${users} 65536`);
  });

  test('apps, share it with init, and its namespaces belong to it', async (t) => {
    const script = 'cat /proc/self/uid_map; hostname changed && exit 1; busybox ip link set lo down && exit 2; cat /proc/1/status | grep Uid; kill -9 1; exit 7';
    const pod = await runPod(t, { users, apps: [{ name: 'one', script }] });
    assert.equal(pod.stdout.replace(/[ \t]+/g, ' '), ` 0 ${users} 65536\nUid: 0 0 0 0\n`);
    assert.deepEqual(pod.ending, { code: 7, signal: null }, pod.stderr);
  });

  test('SIGKILL, leaves no process of the pod', async (t) => {
    const pod = startPod(t, { users, apps: [{ name: 'one', script: 'echo up; exec busybox sleep 60' }] });
    await pod.untilOutput('up');
    const members = namespaceMembers(pod.init);
    pod.kill('SIGKILL');
    await until('the end of the pod', () => members().length === 0 && !pod.isLocked);
  });
});

describe('app', { skip }, () => {
  test('its pid, is not 1 and its parent is outside', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: 'echo $$ $PPID' }] });
    assert.match(pod.stdout, /^(?!1 )\d+ 0\n$/);
  });

  test('two of them, share pid, ipc, uts and net with init and nothing with the host', async (t) => {
    const script = 'cd /proc/self/ns; readlink pid ipc uts net; echo end; exec busybox sleep 60';
    const kinds = ['pid', 'ipc', 'uts', 'net'];
    const pod = startPod(t, { apps: [{ name: 'one', script: 'exec busybox sleep 60' }, { name: 'two', script }] });
    await pod.untilOutput('end');
    const of = (pid: number | string): string[] => kinds.map((kind) => fs.readlinkSync(`/proc/${pid}/ns/${kind}`));
    assert.deepEqual(of(pod.appPid('one')), of(pod.init));
    assert.deepEqual(of(pod.appPid('two')), of(pod.init));
    for (const link of of('self')) assert.ok(!of(pod.init).includes(link));
  });

  test('hostname, is the pod\'s', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: 'hostname' }] });
    assert.equal(pod.stdout, 'rkt-test\n');
  });

  test('network of its own, has lo up', async (t) => {
    const pod = await runPod(t, { apps: [{ name: 'one', script: 'ip addr show lo' }] });
    assert.match(pod.stdout, /LOOPBACK,UP/);
    assert.match(pod.stdout, /inet 127\.0\.0\.1\/8/);
  });

  test('no net in --unshare, is in the caller\'s network', async (t) => {
    const pod = await runPod(t, { withoutNetwork: true, apps: [{ name: 'one', script: 'readlink /proc/self/ns/net' }] });
    assert.equal(pod.stdout.trim(), fs.readlinkSync('/proc/self/ns/net'));
  });

  test('standard output, is the caller\'s pipe itself', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: 'readlink /proc/self/fd/1; readlink /proc/self/fd/2; sleep 1; echo late' }] });
    await pod.untilOutput('\n');
    const links = [1, 2].map((fd) => fs.readlinkSync(`/proc/${pod.pid}/fd/${fd}`));
    await pod.ended;
    assert.equal(pod.stdout, `${links.join('\n')}\nlate\n`);
  });

  test('standard input, is null unless inherited', async (t) => {
    const apps = (flags: string[]) => [{ name: 'one', flags, script: 'cat; readlink /proc/self/fd/0' }];
    const quiet = startPod(t, { stdin: 'pipe', apps: apps([]) });
    quiet.child.stdin?.end('hello\n');
    const heard = startPod(t, { stdin: 'pipe', apps: apps(['--stdin=inherit']) });
    heard.child.stdin?.end('hello\n');
    await Promise.all([quiet.ended, heard.ended]);
    assert.match(quiet.stdout, /^\/dev\/null\n$|^\/null\n$/);
    assert.match(heard.stdout, /^hello\n(pipe|socket):/);
  });

  test('descriptors, are the three standard ones', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: 'echo up; exec busybox sleep 60' }] });
    await pod.untilOutput('up');
    // The runtime writes it down once the app has begun.
    await until('the pid of the app', () => pod.appPid('one') > 0);
    assert.deepEqual(fs.readdirSync(`/proc/${pod.appPid('one')}/fd`), ['0', '1', '2']);
  });

  test('signals at its start, none blocked and none ignored', async (t) => {
    const pod = await runPod(t, { prefix: ['nohup'], apps: [{ name: 'one', script: 'exec busybox grep -E "Sig(Blk|Ign)" /proc/self/status' }] });
    assert.match(pod.stdout, /^SigBlk:\t0{16}\nSigIgn:\t0{16}\n$/);
  });
});

describe('files', { skip }, () => {
  test('pid, ready and lock, are there while the pod runs', async (t) => {
    const pod = startPod(t, { apps: [{ name: 'one', script: 'sleep 0.4' }] });
    const members = (): boolean => pod.isReady;
    while (!members()) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(fs.readlinkSync(pod.path('ready')), 'ready');
    assert.match(pod.read('pid') ?? '', /^\d+\n$/);
    assert.equal(procStatus(pod.init, 'NSpid'), `${pod.init}\t1`);
    assert.equal(procStatus(pod.init, 'PPid'), String(pod.pid));
    assert.equal(pod.isLocked, true);
    await pod.ended;
    assert.equal(pod.isLocked, false);
    assert.deepEqual(fs.readdirSync(pod.dir).filter((name) => name.endsWith('.new')), []);
  });
});
