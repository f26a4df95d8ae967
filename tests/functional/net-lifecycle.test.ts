import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
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
