import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { type NetPod, type NetScene, openNetScene } from './net-pods.ts';

const skip = needs('root', 'iptables-legacy', 'nft', 'nsenter', 'unshare', 'curl');

const hosts = {
  'iptables over nft': {},
  'iptables alone, over nft': { without: ['nft'] },
  'iptables, legacy, beside nft': { legacy: true },
  'nft alone': { without: ['iptables'] },
  'iptables alone, legacy': { without: ['nft'], legacy: true },
} as const;
/** Those on which `::1` leads to pods. */
const withNft: readonly string[] = ['iptables over nft', 'iptables, legacy, beside nft', 'nft alone'];

const dual = {
  cniVersion: '1.0.0',
  name: 'dual',
  type: 'bridge',
  bridge: 'dual0',
  isGateway: true,
  // Where the bridge shows its frames to the packet filter, only so does a pod reach itself.
  hairpinMode: true,
  ipMasq: true,
  ipam: {
    type: 'host-local',
    ranges: [[{ subnet: '10.77.0.0/24' }], [{ subnet: 'fd77::/64' }]],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
  },
};

const ECHO = `
const s = require('dgram').createSocket({ type: 'udp6' });
s.on('message', (m, from) => s.send('echo ' + m, from.port, from.address));
s.bind(7);`;
const ASK = `
const [address, port] = process.argv.slice(1);
const s = require('dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
s.on('message', (m) => { console.log(String(m)); process.exit(0); });
const send = () => s.send('hi', port, address); send(); setInterval(send, 300); setTimeout(() => process.exit(1), 3000);`;

const get = (address: string, port: number): string[] => ['curl', '-gsS', '--max-time', '5', `http://${address.includes(':') ? `[${address}]` : address}:${port}/`];
const ask = (address: string, port: number): string[] => [process.execPath, '-e', ASK, address, String(port)];

for (const [name, options] of Object.entries(hosts)) {
  test(`run --port, a host with ${name}, is reached from outside, the host, other pods and itself; then nothing is left`, skip, async () => {
    await using scene = await openNetScene(options);
    const { host } = scene;
    scene.configure('10-dual.conf', dual);
    const pod = await scene.startPod('--net=dual', '--port=web:8080', '--port=echo:7007');
    const other = await scene.startPod('--net=dual', '--port=web:127.0.0.1:8081');
    host.start(['nsenter', `--net=${pod.netns}`, '--', process.execPath, '-e', ECHO]);
    const body = `rkt-${pod.uuid}\n`;
    for (const address of [host.address.four, host.address.six]) {
      assert.equal((await host.runOutside(get(address, 8080))).stdout, body, `outside, ${address}`);
      assert.equal((await host.runOutside(ask(address, 7007))).stdout, 'echo hi\n', `outside, UDP, ${address}`);
    }
    for (const address of ['127.0.0.1', host.address.four, host.address.six, ...(withNft.includes(name) ? ['::1'] : [])]) {
      assert.equal((await host.run(get(address, 8080))).stdout, body, `the host, ${address}`);
      assert.equal((await host.run(ask(address, 7007))).stdout, 'echo hi\n', `the host, UDP, ${address}`);
    }
    await assertPodsReach([other, pod], scene, body);
    assert.equal((await host.run(get('127.0.0.1', 8081))).stdout, `rkt-${other.uuid}\n`);
    assert.notEqual((await host.runOutside(get(host.address.four, 8081), { status: 'any' })).status, 0);
    assert.equal(await askOutside(scene, other), host.address.four);
    await scene.collect();
    assert.deepEqual((await scene.traces()).filter((trace) => !trace.includes('dual0')), []);
    assert.notEqual((await host.run(get('127.0.0.1', 8080), { status: 'any' })).status, 0);
  });
}

for (const name of ['iptables over nft', 'nft alone'] as const) {
  test(`run --port, a host with ${name}, a port of a pod that has ended and was not collected, leads to the next pod that publishes it`, skip, async () => {
    await using scene = await openNetScene(hosts[name]);
    scene.configure('10-dual.conf', dual);
    const first = await scene.startPod('--net=dual', '--port=web:8080');
    await scene.rkt('stop', first.uuid);
    await scene.rkt('status', '--wait=15s', first.uuid);
    const second = await scene.startPod('--net=dual', '--port=web:8080');
    for (const address of ['127.0.0.1', scene.host.address.six]) {
      assert.equal((await scene.host.run([...get(address, 8080), '--retry', '9', '--retry-connrefused', '--retry-delay', '1'])).stdout, `rkt-${second.uuid}\n`, address);
    }
    await scene.collect();
    assert.deepEqual((await scene.traces()).filter((trace) => !trace.includes('dual0')), []);
  });
}

const routed = { cniVersion: '1.0.0', name: 'routed', type: 'ptp', ipMasq: true, ipam: { type: 'host-local', ranges: [[{ subnet: '10.78.0.0/24' }], [{ subnet: 'fd78::/64' }]] } };

test('run --port, on ::1 alone, of pods on ptp and on a bridge, is reached from there alone, with long answers', skip, async () => {
  await using scene = await openNetScene();
  const { host } = scene;
  scene.configure('10-dual.conf', dual);
  scene.configure('20-routed.conf', routed);
  for (const [network, port] of [['dual', 8080], ['routed', 8081]] as const) {
    const pod = await scene.startPod(`--net=${network}`, `--port=web:[::1]:${port}`);
    const sum = await scene.rkt('enter', pod.uuid, '/bin/sh', '-c', 'dd if=/dev/urandom of=/tmp/www/long bs=1M count=8 2>&1 && sha1sum </tmp/www/long');
    const got = await host.run(['sh', '-c', `curl -gsS --max-time 20 http://[::1]:${port}/long | sha1sum`]);
    assert.equal(got.stdout, sum.stdout.split('\n').at(-2) + '\n');
    for (const address of ['127.0.0.1', host.address.six]) assert.notEqual((await host.run(get(address, port), { status: 'any' })).status, 0, address);
    assert.notEqual((await host.runOutside(get(host.address.six, port), { status: 'any' })).status, 0);
  }
  await scene.collect();
  assert.deepEqual((await scene.traces()).filter((trace) => !trace.includes('dual0')), []);
});

const ANSWERS = `require('http').createServer((q, r) => r.end('of the host')).listen(5000, '::1', () => console.log('ready'))`;

test('run --port, one that clients of the host get as theirs disturbs no connection on ::1; one on 0.0.0.0 has IPv4 alone', skip, async () => {
  await using scene = await openNetScene();
  const { host } = scene;
  scene.configure('10-dual.conf', dual);
  const [port] = (await host.run(['cat', '/proc/sys/net/ipv4/ip_local_port_range'])).stdout.split('\t').map(Number) as [number];
  const pod = await scene.startPod('--net=dual', `--port=web:${port}`, '--port=web:0.0.0.0:8084');
  host.start([process.execPath, '-e', ANSWERS]);
  const retry = ['--retry', '9', '--retry-connrefused', '--retry-delay', '1'];
  assert.equal((await host.run([...get('::1', port), ...retry])).stdout, `rkt-${pod.uuid}\n`);
  assert.equal((await host.run([...get('::1', 5000), ...retry, '--local-port', String(port)])).stdout, 'of the host');
  assert.equal((await host.run(get(host.address.four, 8084))).stdout, `rkt-${pod.uuid}\n`);
  for (const address of ['::1', host.address.six]) assert.notEqual((await host.run(get(address, 8084), { status: 'any' })).status, 0, address);
});

test('run --port, on ::1 where nothing can lead from there to a pod, is refused and says why; on any address ::1 refuses connections at once', skip, async () => {
  await using scene = await openNetScene({ without: ['nft'], legacy: true });
  scene.configure('10-dual.conf', dual);
  const refused = await scene.rkt('run', '--net=dual', '--port=web:[::1]:8080', scene.aci);
  assert.equal(refused.status, 254);
  assert.match(refused.stderr, /cannot publish a port on ::1: nft is not installed/);
  assert.match((await scene.rkt('run', '--port=web:[::1]:8080', scene.aci)).stderr, /cannot publish ports: no network gave an IPv6 address/);
  await scene.startPod('--net=dual', '--port=web:8080');
  assert.equal((await scene.host.run(get('::1', 8080), { status: 'any' })).status, 7);
});

const WHOAMI = `require('http').createServer((q, r) => r.end(q.socket.remoteAddress)).listen(8000, '0.0.0.0', () => console.log('ready'))`;

/** The address that the world sees when a pod asks it. */
async function askOutside({ host }: NetScene, pod: NetPod): Promise<string> {
  const server = host.startOutside([process.execPath, '-e', WHOAMI]);
  await once(server.stdout!, 'data');
  return await pod.run(...get(host.world.four, 8000));
}

async function assertPodsReach(pods: readonly NetPod[], { host }: NetScene, body: string): Promise<void> {
  for (const [index, pod] of pods.entries()) {
    for (const address of ['10.77.0.1', host.address.four, 'fd77::1']) {
      assert.equal(await pod.run(...get(address, 8080)), body, `pod ${index}, ${address}`);
    }
  }
}
