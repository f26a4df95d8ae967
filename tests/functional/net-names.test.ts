import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { type NetPod, type NetScene, openNetScene } from './net-pods.ts';

const { skip: missing } = needs('root', 'nsenter', 'unshare');
const installed = existsSync('/usr/lib/podman/aardvark-dns');
const skip = { skip: missing !== false || installed ? missing : 'aardvark-dns is not installed (Debian: aardvark-dns)' };

const bridge = (name: string, prefix: string): object => ({
  cniVersion: '1.0.0',
  name,
  dns_enabled: true,
  plugins: [{ type: 'bridge', bridge: `${name}0`, isGateway: true, ipMasq: true, ipam: { type: 'host-local', subnet: `${prefix}.0/24`, routes: [{ dst: '0.0.0.0/0' }] } }],
});

async function openNames(): Promise<NetScene> {
  const scene = await openNetScene();
  scene.configure('10-front.conflist', bridge('front', '10.95.1'));
  scene.configure('20-back.conflist', bridge('back', '10.95.2'));
  return scene;
}

/** What an app finds under a name, as its C library does; undefined where that is nothing. */
async function look(scene: NetScene, pod: NetPod, name: string): Promise<string | undefined> {
  const { stdout } = await scene.rkt('enter', pod.uuid, '/bin/sh', '-c', `ping -c 1 -W 3 ${name} 2>&1 | head -n 1`);
  return /\(([\d.]+)\)/.exec(stdout)?.[1];
}

async function serverOf(scene: NetScene): Promise<string> {
  const { stdout } = await scene.host.run(['sh', '-c', 'cat /run/rkt/names/config/aardvark.pid 2>/dev/null'], { status: 'any' });
  return stdout.trim();
}

const isGone = async (pid: string): Promise<boolean> => {
  for (let i = 0; i < 100; i++) {
    if (!existsSync(`/proc/${pid}/exe`)) return true;
    await sleep(20);
  }
  return false;
};

test('run --pod-name, a network with dns_enabled, pods find each other by name; others do not; who is gone is not found', skip, async () => {
  await using scene = await openNames();
  const web = await scene.startPod('--net=front', '--pod-name=web');
  const client = await scene.startPod('--net=front');
  const stranger = await scene.startPod('--net=back', '--pod-name=stranger');
  for (const name of ['web.pod', 'web', `rkt-${web.uuid}.pod`]) assert.equal(await look(scene, client, name), web.ip, name);
  assert.equal(await look(scene, web, `rkt-${client.uuid}`), client.ip);
  for (const name of ['web.pod', 'web']) assert.equal(await look(scene, stranger, name), undefined, name);
  assert.equal(await look(scene, client, 'stranger.pod'), undefined);
  assert.match((await scene.rkt('enter', client.uuid, '/bin/cat', '/etc/resolv.conf')).stdout, /^nameserver 10\.95\.1\.1\nsearch pod$/m);
  assert.equal(await look(scene, client, 'web'), web.ip);
  await scene.rkt('stop', 'web');
  assert.equal(await look(scene, client, 'web.pod'), undefined);
  await scene.rkt('status', '--wait=15s', 'web');
  const next = await scene.startPod('--net=front', '--pod-name=web');
  assert.equal(await look(scene, client, 'web.pod'), next.ip);
  const pid = await serverOf(scene);
  await scene.collect();
  assert.ok(await isGone(pid), 'the server goes with the last pod');
  assert.deepEqual(await leaks(scene), []);
});

/** Asks a server for a name as nslookup does: what it prints, whatever becomes of it. */
const QUESTION = ['busybox', 'nslookup', 'web.pod', '10.95.1.1'];

test('run --pod-name, whoever is not on the network, another pod or the world, is told no name of it', skip, async () => {
  await using scene = await openNames();
  const { host } = scene;
  const web = await scene.startPod('--net=front', '--pod-name=web');
  const ask = async (from: (args: readonly string[]) => Promise<{ output: string }>): Promise<boolean> => (await from(QUESTION)).output.includes(web.ip);
  const inside = (pod: NetPod) => (args: readonly string[]) => host.run(['nsenter', `--net=${pod.netns}`, '--', ...args], { status: 'any' });
  await host.runOutside(['ip', 'route', 'add', '10.95.1.0/24', 'via', host.address.four]);
  assert.equal(await ask(inside(await scene.startPod('--net=front'))), true, 'a pod of the network');
  assert.equal(await ask((args) => host.run(args, { status: 'any' })), true, 'the host');
  assert.equal(await ask(inside(await scene.startPod('--net=back'))), false, 'a pod of another network with names');
  assert.equal(await ask(inside(await scene.startPod('--net=default'))), false, 'a pod of a network without names');
  assert.equal(await ask((args) => host.runOutside(args, { status: 'any' })), false, 'the world');
});

async function leaks(scene: NetScene): Promise<string[]> {
  const { stdout } = await scene.host.run(['sh', '-c', 'find /run/rkt/names -type f ! -name aardvark.pid']);
  return [...(await scene.traces()).filter((trace) => !/front0|back0/.test(trace)), ...stdout.split('\n').filter((line) => line !== '')];
}

test('the server of names, killed, is started by the next pod and by gc; it has no privilege and holds nothing of a pod', skip, async () => {
  await using scene = await openNames();
  const web = await scene.startPod('--net=front', '--pod-name=web');
  const first = await serverOf(scene);
  process.kill(Number(first), 'SIGKILL');
  assert.ok(await isGone(first));
  const client = await scene.startPod('--net=front');
  assert.equal(await look(scene, client, 'web.pod'), web.ip);
  const second = await serverOf(scene);
  process.kill(Number(second), 'SIGKILL');
  assert.ok(await isGone(second));
  await scene.rkt('gc');
  assert.equal(await look(scene, client, 'web.pod'), web.ip);
  const third = await serverOf(scene);
  const { stdout } = await scene.host.run(['sh', '-c', `grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs)' /proc/${third}/status; ls -l /proc/${third}/fd; readlink /proc/${third}/ns/mnt /proc/self/ns/mnt | uniq | wc -l; grep -c rkt-names.scope /proc/${third}/cgroup`]);
  assert.doesNotMatch(stdout, /^Uid:\t0/m);
  assert.match(stdout, /^CapEff:\t0000000000000400\nCapBnd:\t0000000000000400\nNoNewPrivs:\t1$/m);
  assert.doesNotMatch(stdout, /pods\/run/);
  assert.match(stdout, /\n1\n[1-9]\d*\n$/, 'the mount namespace of the host, cgroups of its own');
});

test('run, rkt killed in the middle or the machine started anew, leaves no name behind', skip, async () => {
  await using scene = await openNames();
  const web = await scene.startPod('--net=front', '--pod-name=web');
  const { stdout } = await scene.rkt('status', web.uuid);
  process.kill(Number(/^pid=(\d+)$/m.exec(stdout)![1]), 'SIGKILL');
  await scene.rkt('status', '--wait=15s', web.uuid);
  const client = await scene.startPod('--net=front');
  assert.equal(await look(scene, client, 'web.pod'), undefined, 'the next pod erases the names of the dead');
  const other = await scene.startPod('--net=front', '--pod-name=other');
  assert.equal(await look(scene, client, 'other.pod'), other.ip);
  process.kill(Number(/^pid=(\d+)$/m.exec((await scene.rkt('status', 'other')).stdout)![1]), 'SIGKILL');
  await scene.rkt('status', '--wait=15s', 'other');
  await scene.rkt('gc', '--mark-only');
  assert.equal(await look(scene, client, 'other.pod'), undefined, 'so does a collection that only marks');
  await scene.rkt('stop', '--force', client.uuid);
  await scene.rkt('status', '--wait=15s', client.uuid);
  // Files that were there before the machine started anew, and a number that now belongs to another process.
  await scene.host.run(['sh', '-c', `kill -9 $(cat /run/rkt/names/config/aardvark.pid); sleep 0.1; echo $$ > /run/rkt/names/config/aardvark.pid; umount /run/netns/cni-*; rm -rf /run/netns/*`]);
  await scene.collect();
  assert.deepEqual(await leaks(scene), []);
});

const ANSWER = `
const s = require('dgram').createSocket('udp4');
s.on('message', (q, from) => {
  const end = q.indexOf(0, 12) + 5;
  const head = Buffer.from([q[0], q[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 77]);
  s.send(Buffer.concat([head, q.subarray(12, end), answer]), from.port, from.address);
});
s.bind(53, () => console.log('ready'));`;

test('run, names that no pod has, are asked of the host; a pod is on two networks and finds both', skip, async () => {
  await using scene = await openNames();
  const upstream = scene.host.startOutside([process.execPath, '-e', ANSWER]);
  await once(upstream.stdout!, 'data');
  const file = scene.home.file('resolv.conf');
  writeFileSync(file, `nameserver ${scene.host.world.four}\n`);
  await scene.host.run(['mount', '--bind', file, '/etc/resolv.conf']);
  const both = await scene.startPod('--net=front,back', '--pod-name=both');
  const [one, two] = [await scene.startPod('--net=front', '--pod-name=one'), await scene.startPod('--net=back', '--pod-name=two')];
  assert.equal(await look(scene, both, 'www.example.com'), '192.0.2.77');
  assert.equal(await look(scene, both, 'one.pod'), one.ip);
  assert.equal(await look(scene, both, 'two.pod'), two.ip);
  assert.equal(await look(scene, two, 'both.pod'), '10.95.2.2');
});

test('run, names cannot be served, fails with the reason and undoes the network', skip, async () => {
  await using scene = await openNames();
  const taken = scene.host.start([process.execPath, '-e', `require('dgram').createSocket('udp4').bind(53, '10.95.1.1')`]);
  await scene.host.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind']);
  for (let i = 0; i < 100 && !(await scene.host.run(['ss', '-lnu'])).stdout.includes(':53'); i++) await sleep(50);
  const { status, stderr } = await scene.rkt('run', '--net=front', scene.aci);
  assert.equal(status, 254);
  assert.match(stderr, /aardvark-dns does not listen at 10\.95\.1\.1, port 53\n/);
  assert.equal(taken.exitCode, null);
  await scene.host.run(['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_nonlocal_bind']);
  scene.configure('30-lone.conf', { cniVersion: '1.0.0', name: 'lone', dns_enabled: true, type: 'bridge', bridge: 'back0', ipam: { type: 'host-local', subnet: '10.95.3.0/24' } });
  assert.match((await scene.rkt('run', '--net=lone', scene.aci)).stderr, /aardvark-dns does not listen at 10\.95\.3\.1/);
  await scene.collect();
  assert.deepEqual(await leaks(scene), []);
});
