import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { type NetScene, openNetScene } from './net-pods.ts';

const skip = needs('root', 'nsenter', 'unshare', 'curl');

const web = {
  cniVersion: '1.0.0',
  name: 'web',
  plugins: [
    { type: 'bridge', bridge: 'web0', isGateway: true, ipMasq: true, ipam: { type: 'host-local', subnet: '10.93.0.0/24', routes: [{ dst: '0.0.0.0/0' }] } },
    { type: 'tuning', mtu: 1400 },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

/** Everything but what all pods of a network share, and leave for the next. */
async function leaks(scene: NetScene): Promise<string[]> {
  return (await scene.traces()).filter((trace) => !/web0|CNI-HOSTPORT|^rule :CNI-(DN|SN)?-?HOSTPORT/.test(trace));
}

const ROUNDS = Number(process.env['RKT_NET_ROUNDS'] ?? 2);

/** Debian's plugin, slowly, with a note of when it works. */
const SLOW_BRIDGE = `#!/bin/sh
[ "$CNI_COMMAND" = ADD ] || exec /usr/lib/cni/bridge
echo begin >> LOG
sleep 0.3
out=$(/usr/lib/cni/bridge); r=$?
echo end >> LOG
printf '%s' "$out"; exit $r
`;

test('run, pods that come at once to a bridge that is not there, make it one after the other', skip, async () => {
  await using scene = await openNetScene();
  const log = scene.home.file('log');
  scene.configure('bridge', SLOW_BRIDGE.replaceAll('LOG', log));
  scene.configure('10-web.conflist', web);
  await scene.host.rkt(scene.home, ['fetch', scene.aci]);
  await Promise.all([1, 2, 3].map(() => scene.startPod('--net=web')));
  assert.deepEqual(readFileSync(log, 'utf8').split('\n').slice(0, 3), ['begin', 'end', 'begin']);
  assert.equal((await scene.host.run(['cat', '/sys/class/net/web0/addr_assign_type'])).stdout, '3\n');
});

test(`run and stop, ten pods at once, ${ROUNDS} times over, never share an address and leave nothing`, skip, async () => {
  await using scene = await openNetScene();
  scene.configure('10-web.conflist', web);
  await scene.host.rkt(scene.home, ['fetch', scene.aci]);
  for (let round = 0; round < ROUNDS; round++) {
    const pods = await Promise.all(Array.from({ length: 10 }, (_, index) => scene.startPod('--net=web', `--port=web:${8100 + index}`)));
    const addresses = pods.map(({ ip }) => ip);
    assert.equal(new Set(addresses).size, 10, addresses.join(' '));
    const [first] = pods;
    assert.equal((await scene.host.runOutside(['curl', '-sS', '--max-time', '5', `http://${scene.host.address.four}:8100/`])).stdout.trim(), `rkt-${first!.uuid}`);
    // Half of them go while the other half comes, each in its own way.
    const half = pods.slice(0, 5).map(({ uuid }) => uuid);
    const [, later] = await Promise.all([
      Promise.all(half.map((uuid, index) => scene.rkt('stop', ...(index % 2 === 0 ? ['--force'] : []), uuid))),
      Promise.all(Array.from({ length: 5 }, () => scene.startPod('--net=web'))),
      scene.rkt('gc', '--grace-period=0s'),
    ]);
    const living = [...pods.slice(5), ...later].map(({ ip }) => ip);
    assert.equal(new Set(living).size, 10, living.join(' '));
    await scene.collect();
    assert.deepEqual(await leaks(scene), []);
  }
});

test('gc, a pod killed with its rkt, whose network is configured no more, leaves nothing', skip, async () => {
  await using scene = await openNetScene();
  scene.configure('10-web.conflist', web);
  const pod = await scene.startPod('--net=web', '--port=web:8100');
  rmSync(`${scene.home.localConfig}/net.d/10-web.conflist`);
  const { stdout } = await scene.rkt('status', pod.uuid);
  process.kill(Number(/^pid=(\d+)$/m.exec(stdout)![1]), 'SIGKILL');
  await scene.rkt('status', '--wait=15s', pod.uuid);
  await scene.collect();
  assert.deepEqual(await leaks(scene), []);
});

test('gc, after the machine started anew, frees the addresses of pods that were never stopped', skip, async () => {
  await using scene = await openNetScene();
  scene.configure('10-web.conflist', web);
  const pod = await scene.startPod('--net=web', '--port=web:8100');
  await scene.rkt('stop', '--force', pod.uuid);
  await scene.rkt('status', '--wait=15s', pod.uuid);
  // What a reboot takes with it: namespaces, links and rules. Files stay.
  await scene.host.run(['sh', '-c', `umount ${pod.netns}; rm -rf /run/netns/*; iptables -t nat -F; iptables -t nat -X; ip link del web0`]);
  await scene.collect();
  assert.deepEqual(await leaks(scene), []);
});

const FAILS = `#!/bin/sh
cat >/dev/null
[ "$CNI_COMMAND" = ADD ] || exit 0
echo 'the cable is cut' >&2
echo '{"cniVersion":"1.0.0","code":11,"msg":"no carrier","details":"on port 7"}'
exit 1
`;

test('run, the third plugin of a list fails, undoes the two before and says which one and what it printed', skip, async () => {
  await using scene = await openNetScene();
  scene.configure('cut', FAILS);
  scene.configure('10-web.conflist', { ...web, plugins: [...web.plugins.slice(0, 2), { type: 'cut' }] });
  const { status, stderr } = await scene.rkt('run', '--net=web', scene.aci);
  assert.equal(status, 254);
  assert.match(stderr, /failed to setup network: error adding network "web": plugin cut: no carrier; on port 7; the cable is cut/);
  assert.deepEqual(await leaks(scene), []);
});

const REFUSES = `#!/bin/sh
cat >/dev/null
echo '{"code":7,"msg":"no such zone"}'
exit 1
`;

test('gc, pods whose plugins refused them and refuse to let go of them, says so and removes them', skip, async () => {
  await using scene = await openNetScene();
  scene.configure('refuser', REFUSES);
  scene.configure('10-zone.conflist', { cniVersion: '1.1.0', name: 'zone', plugins: [{ type: 'refuser' }] });
  assert.match((await scene.rkt('run', '--net=zone', scene.aci)).stderr, /error adding network "zone": plugin refuser: no such zone/);
  assert.match((await scene.rkt('run', '--net=default:typo', scene.aci)).stderr, /error adding network "default": plugin ptp: ARGS: invalid pair "typo"/);
  const { stderr } = await scene.rkt('gc', '--grace-period=0s');
  assert.match(stderr, /network "zone": its plugin refused the pod, and is asked no more: plugin refuser: no such zone/);
  assert.match(stderr, /network "default": its plugin refused the pod, and is asked no more: plugin ptp: ARGS/);
  assert.equal((await scene.rkt('list', '--no-legend')).stdout.trim(), '');
  assert.deepEqual(await leaks(scene), []);
});

test('run, the third plugin of a list refuses to undo it too, undoes the two before; gc then asks it no more', skip, async () => {
  await using scene = await openNetScene();
  scene.configure('refuser', REFUSES);
  scene.configure('10-web.conflist', { ...web, plugins: [...web.plugins.slice(0, 2), { type: 'refuser' }] });
  assert.match((await scene.rkt('run', '--net=web', scene.aci)).stderr, /error adding network "web": plugin refuser: no such zone/);
  assert.deepEqual(await leaks(scene), []);
  assert.match((await scene.rkt('gc', '--grace-period=0s')).stderr, /network "web": its plugin refused the pod, and is asked no more/);
  assert.equal((await scene.rkt('list', '--no-legend')).stdout.trim(), '');
  assert.deepEqual(await leaks(scene), []);
});

const STUCK = `#!/bin/sh
cat >/dev/null
[ "$CNI_COMMAND" = ADD ] && echo '{"cniVersion":"1.0.0","ips":[]}'
[ "$CNI_COMMAND" = ADD ] || [ -e FREE ] || { echo '{"code":11,"msg":"try again later"}'; exit 1; }
`;

test('gc, a pod that its plugin does not let go of yet, keeps it until it does', skip, async () => {
  await using scene = await openNetScene();
  const free = scene.home.file('free');
  scene.configure('stuck', STUCK.replace('FREE', free));
  scene.configure('10-stuck.conf', { cniVersion: '0.2.0', name: 'stuck', type: 'stuck' });
  await scene.rkt('run', '--net=stuck', scene.aci, '--exec=/bin/true');
  for (let i = 0; i < 2; i++) assert.match((await scene.rkt('gc', '--grace-period=0s')).stderr, /error deleting "stuck": plugin stuck: try again later/);
  assert.match((await scene.rkt('list', '--no-legend')).stdout, /exited garbage/);
  writeFileSync(free, '');
  await scene.collect();
  assert.deepEqual(await leaks(scene), []);
});

const HANGS = `#!/bin/sh
[ "$CNI_COMMAND" = ADD ] || { cat >/dev/null; exit 0; }
echo $PPID > LOG
exec sleep 1000
`;

for (const [rkt, flags] of [['rkt', ['--force']], ['rkt', []], ['nobody', ['--force']]] as const) {
  test(`stop ${flags.join(' ')}, a pod whose plugin hangs while ${rkt} waits for it, ends it; gc leaves nothing`, skip, async () => {
    await using scene = await openNetScene();
    const log = scene.home.file('log');
    const file = scene.home.file('uuid');
    scene.configure('hangs', HANGS.replace('LOG', log));
    scene.configure('10-slow.conf', { cniVersion: '1.0.0', name: 'slow', type: 'hangs' });
    const running = scene.rkt('run', `--uuid-file-save=${file}`, '--net=slow', scene.aci);
    await scene.host.run(['sh', '-c', 'until [ -s "$1" ]; do sleep 0.05; done', 'sh', log]);
    const uuid = readFileSync(file, 'utf8').trim();
    if (rkt === 'nobody') process.kill(Number(readFileSync(log, 'utf8')), 'SIGKILL');
    // Without --force the first asks rkt, and the second the plugin, which holds the pod.
    for (const _ of flags.length > 0 ? [1] : [1, 2]) assert.equal((await scene.rkt('stop', ...flags, uuid)).stdout, `"${uuid}"\n`);
    await running;
    await scene.rkt('status', '--wait=15s', uuid);
    await scene.collect();
    assert.deepEqual(await leaks(scene), []);
  });
}

for (const dies of ['bridge', 'tuning', 'portmap']) {
  test(`gc, rkt killed while ${dies} of a list runs, leaves nothing`, skip, async () => {
    await using scene = await openNetScene();
    // The plugin does its work and then kills the rkt that waits for it.
    const kills = `#!/bin/sh\nout=$(/usr/lib/cni/${dies}); r=$?; [ "$CNI_COMMAND" = ADD ] && kill -9 $PPID; printf '%s' "$out"; exit $r\n`;
    scene.configure(dies, kills);
    scene.configure('10-web.conflist', web);
    const file = scene.home.file('uuid');
    const { status } = await scene.rkt('run', `--uuid-file-save=${file}`, '--net=web', '--port=web:8100', scene.aci);
    assert.equal(status, 137);
    assert.notDeepEqual(await leaks(scene), []);
    assert.equal(readFileSync(file, 'utf8').trim().length, 36);
    await scene.collect();
    assert.deepEqual(await leaks(scene), []);
  });
}

/**
 * A plugin as calico_rkt was: it finds the plugin of addresses in CNI_PATH from its working directory, names its link by the
 * container, answers as CNI 0.1 has it, and goes by the container alone when the namespace is gone.
 */
const CALICO = `#!/bin/sh
conf=$(cat); link=cali$(printf %.11s "$CNI_CONTAINERID"); echo "$CNI_COMMAND $CNI_CONTAINERID $CNI_NETNS $(cat netns)" >> LOG
ipam() { IFS=:; for d in $CNI_PATH; do [ -x "$d/host-local" ] && { printf %s "$conf" | "$d/host-local"; return; }; done; exit 1; }
answer=$(ipam) || { printf %s "$answer"; exit 1; }
if [ "$CNI_COMMAND" = DEL ]; then ip link del "$link" 2>/dev/null; exit 0; fi
address=$(printf %s "$answer" | tr -d ' \\n\\t' | sed 's/.*"ip":"\\([0-9.]*\\).*/\\1/')
ip link add "$link" type veth peer name "$CNI_IFNAME" netns "\${CNI_NETNS##*/}" && ip link set "$link" up || exit 1
in_pod() { nsenter --net="$CNI_NETNS" ip "$@"; }
in_pod addr add "$address/32" dev "$CNI_IFNAME" && in_pod link set "$CNI_IFNAME" up && in_pod route add 169.254.1.1 dev "$CNI_IFNAME" || exit 1
KILL
printf '{"ip4":{"ip":"%s/32"}}' "$address"
`;

for (const dies of [false, true]) {
  test(`run, a plugin as calico_rkt was, ${dies ? 'whose rkt is killed before it answers' : 'of a pod that ran'}, finds all it needs; gc without namespace and configuration leaves nothing`, skip, async () => {
    await using scene = await openNetScene();
    const log = scene.home.file('log');
    scene.configure('calico', CALICO.replace('LOG', log).replace('KILL', dies ? 'kill -9 $PPID' : ''));
    scene.configure('10-calico.conf', { name: 'calico-net', type: 'calico', ipam: { type: 'host-local', subnet: '10.96.0.0/24' } });
    const file = scene.home.file('uuid');
    const run = dies ? await scene.rkt('run', `--uuid-file-save=${file}`, '--net=calico-net', scene.aci) : undefined;
    const uuid = run === undefined ? (await scene.startPod('--net=calico-net')).uuid : readFileSync(file, 'utf8').trim();
    assert.equal(run?.status ?? 137, 137, run?.output ?? '');
    assert.deepEqual((await leaks(scene)).filter((trace) => /cali|calico-net/.test(trace)).length, 2, 'a link and a lease');
    if (!dies) await scene.rkt('stop', '--force', uuid);
    await scene.rkt('status', '--wait=15s', uuid);
    rmSync(`${scene.home.localConfig}/net.d/10-calico.conf`);
    await scene.host.run(['sh', '-c', `umount /run/netns/cni-${uuid}; rm /run/netns/cni-${uuid}`]);
    await scene.collect();
    assert.deepEqual(await leaks(scene), []);
    const path = `/var/run/netns/cni-${uuid}`;
    assert.deepEqual(readFileSync(log, 'utf8').trim().split('\n'), [`ADD ${uuid} ${path} ${path}`, `DEL ${uuid}  ${path}`]);
  });
}

const COLLECTED = `#!/bin/sh
cat >/dev/null
[ "$CNI_COMMAND" = ADD ] && { [ -e DIES ] && kill -9 $PPID; echo '{"cniVersion":"1.1.0","ips":[]}'; }
exit 0
`;

test('gc, networks of CNI 1.1 whose pod was killed while a plugin ran, leaves no entry of what is attached', skip, async () => {
  await using scene = await openNetScene();
  const dies = scene.home.file('dies');
  scene.configure('own', COLLECTED.replace('DIES', dies));
  for (const name of ['one', 'two']) scene.configure(`${name}.conflist`, { cniVersion: '1.1.0', name, plugins: [{ type: 'own' }] });
  const pod = await scene.startPod('--net=one,two');
  assert.equal((await leaks(scene)).filter((trace) => trace.includes('/results/')).length, 2);
  writeFileSync(dies, '');
  assert.equal((await scene.rkt('run', '--net=one,two', scene.aci)).status, 137);
  assert.equal((await leaks(scene)).filter((trace) => trace.includes('/results/')).length, 3);
  rmSync(`${scene.home.localConfig}/net.d/two.conflist`);
  await scene.rkt('stop', '--force', pod.uuid);
  await scene.rkt('status', '--wait=15s', pod.uuid);
  await scene.collect();
  assert.deepEqual(await leaks(scene), []);
});
