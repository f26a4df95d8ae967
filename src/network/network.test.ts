import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { newUuid, parseNetInfo } from '#pod';
import { inNetworkNamespace, listDirectory, runProgramSync, startProgram, unmount } from '#sys';
import { type NetworkRequest, parseNetList, setUpNetwork, tearDownNetwork } from './index.ts';

const skip =
  process.getuid?.() !== 0
    ? 'needs root to make network namespaces'
    : existsSync('/usr/lib/cni/ptp')
      ? false
      : 'needs the CNI plugins in /usr/lib/cni (Debian: containernetworking-plugins)';
const LEASES = '/var/lib/cni/networks';

interface Bed {
  readonly request: NetworkRequest;
  readonly netns: string;
  log(): string[];
}

/** A pod's directory and a configuration directory with `files`; whatever the test leaves set up is torn down. */
function bed(t: TestContext, net: string, files: Record<string, string> = {}, more: Partial<NetworkRequest> = {}): Bed {
  const root = mkdtempSync(join(tmpdir(), 'rkt-net-test-'));
  const [podDir, localConfigDir] = [`${root}/pod`, `${root}/etc`];
  for (const each of [podDir, `${localConfigDir}/net.d`]) mkdirSync(each, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(`${localConfigDir}/net.d/${name}`, text.replaceAll('ROOT', root));
    if (!name.endsWith('.conf')) chmodSync(`${localConfigDir}/net.d/${name}`, 0o755);
  }
  const uuid = newUuid();
  t.after(async () => {
    await tearDownNetwork({ podDir, uuid, localConfigDir }).catch(() => {});
    rmSync(root, { recursive: true, force: true });
  });
  return {
    request: { podDir, uuid, localConfigDir, netList: parseNetList([net]), ...more },
    netns: `/var/run/netns/cni-${uuid}`,
    log: () => listDirectory(root).includes('log') ? readFileSync(`${root}/log`, 'utf8').trim().split('\n') : [],
  };
}

/** A network as the default one, with its leases below the test's own directory. */
function ptp(name: string, subnet: string, ipMasq = true): string {
  const ipam = { type: 'host-local', subnet, dataDir: 'ROOT/leases', routes: [{ dst: '0.0.0.0/0' }] };
  return JSON.stringify({ cniVersion: '0.1.0', name, type: 'ptp', ipMasq, ipam });
}

function inPod(netns: string, ...command: string[]): string {
  return inNetworkNamespace(netns, () => runProgramSync('/usr/bin/env', command).stdout);
}

/** All that a pod could leave behind on the machine, outside its directory. */
function traces({ request, netns }: Bed): string[] {
  const rules = runProgramSync('/usr/sbin/iptables-save', ['-t', 'nat']).stdout.split('\n');
  const short = request.uuid.slice(0, 13);
  const leases = listDirectory(LEASES).flatMap((net) =>
    listDirectory(`${LEASES}/${net}`).filter((file) => readFileSync(`${LEASES}/${net}/${file}`, 'utf8').includes(request.uuid)),
  );
  return [...rules.filter((line) => line.includes(request.uuid) || line.includes(short)), ...leases, ...(existsSync(netns) ? [netns] : [])];
}

function hostInterfaces(address: string): number {
  return runProgramSync('/usr/bin/env', ['ip', '-o', 'address', 'show']).stdout.split(`inet ${address} `).length - 1;
}

test('setUpNetwork, default network, gives address, route and loopback; tearDownNetwork leaves nothing', { skip }, async (t) => {
  const it = bed(t, 'default');
  const { networks, netnsPath } = await setUpNetwork(it.request);
  assert.equal(netnsPath, it.netns);
  assert.equal(readFileSync(`${it.request.podDir}/netns`, 'utf8'), it.netns);
  const [net] = parseNetInfo(readFileSync(`${it.request.podDir}/net-info.json`, 'utf8'));
  assert.deepEqual(net, networks[0]);
  assert.match(net!.ip, /^172\.16\.28\.\d+$/);
  assert.deepEqual(net, {
    netName: 'default',
    netConf: 'net/99-default.conf',
    pluginPath: 'stage1/rootfs/usr/lib/rkt/plugins/net/ptp',
    ifName: 'eth0',
    ip: net!.ip,
    args: '',
    mask: '255.255.255.0',
  });
  assert.match(inPod(it.netns, 'ip', '-o', 'address', 'show', 'eth0'), new RegExp(`inet ${net!.ip}/24 `));
  assert.match(inPod(it.netns, 'ip', 'route', 'show', 'default'), /^default via 172\.16\.28\.1 dev eth0/);
  assert.match(inPod(it.netns, 'ip', 'link', 'show', 'lo'), /LOOPBACK,UP/);
  assert.equal(await fetchFrom(t, it.netns, '172.16.28.1'), 'gateway');
  assert.equal(traces(it).some((trace) => trace.includes('MASQUERADE')), true);
  const veths = hostInterfaces('172.16.28.1/32');
  await tearDownNetwork(it.request);
  assert.deepEqual(traces(it), []);
  assert.equal(hostInterfaces('172.16.28.1/32'), veths - 1);
  await tearDownNetwork(it.request);
});

/** What a process in the namespace gets from a server on the host's end of its network. */
async function fetchFrom(t: TestContext, netns: string, gateway: string): Promise<string> {
  const server = createServer((_, response) => response.end('gateway')).listen(0, gateway);
  t.after(() => server.close());
  await once(server, 'listening');
  const url = `http://${gateway}:${(server.address() as AddressInfo).port}`;
  const source = `fetch('${url}').then((answer) => answer.text()).then(console.log)`;
  const client = inNetworkNamespace(netns, () =>
    startProgram(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  let text = '';
  for await (const chunk of client.stdout!) text += String(chunk);
  return text.trim();
}

test('setUpNetwork, none, has the loopback interface only', { skip }, async (t) => {
  const it = bed(t, 'none');
  assert.deepEqual((await setUpNetwork(it.request)).networks, []);
  assert.equal(inPod(it.netns, 'ip', '-o', 'link').trim().split('\n').length, 1);
  await tearDownNetwork(it.request);
  assert.deepEqual(traces(it), []);
});

test('setUpNetwork, default-restricted with an address, gets it and no default route', { skip }, async (t) => {
  const it = bed(t, 'default-restricted:IP=172.31.42.42');
  const { networks } = await setUpNetwork(it.request);
  assert.deepEqual(networks.map(({ ip, mask, args }) => [ip, mask, args]), [['172.31.42.42', '255.255.0.0', 'IP=172.31.42.42']]);
  assert.equal(inPod(it.netns, 'ip', 'route', 'show', 'default'), '');
  const again = bed(t, 'default-restricted:IP=172.31.42.42');
  const message = /^stage1: failed to setup network: error adding network "default-restricted": .*requested IP address "172\.31\.42\.42" is not available in network: default-restricted/;
  await assert.rejects(setUpNetwork(again.request), { code: 'set-up-failed', message });
  assert.deepEqual(traces(again), []);
});

test('setUpNetwork, unknown network, fails before anything is made', { skip }, async (t) => {
  const it = bed(t, 'notavalidnetwork');
  await assert.rejects(setUpNetwork(it.request), { message: 'stage1: failed to setup network: networks not found: notavalidnetwork' });
  assert.deepEqual(readdirSync(it.request.podDir), []);
});

test('setUpNetwork, ten pods at once, have ten addresses', { skip }, async (t) => {
  const beds = Array.from({ length: 10 }, () => bed(t, 'default'));
  const results = await Promise.all(beds.map((it) => setUpNetwork(it.request)));
  assert.equal(new Set(results.map(({ networks }) => networks[0]!.ip)).size, 10);
  await Promise.all(beds.map((it) => tearDownNetwork(it.request)));
  assert.deepEqual(beds.flatMap(traces), []);
});

const recorder = `#!/bin/sh
echo "$CNI_COMMAND $CNI_IFNAME $(pwd)" >> ROOT/log
env | grep ^CNI_ | sort > ROOT/env.$CNI_COMMAND
cat > ROOT/stdin.$CNI_COMMAND
[ "$CNI_COMMAND" = ADD ] && echo '{"ip4":{"ip":"10.9.8.7/16"},"dns":{"nameservers":["1.2.3.4"]}}'
exit 0
`;
const recorded = '{\n  "name": "rec",   "type": "recorder"\n}\n';

test('setUpNetwork and tearDownNetwork, plugin of the user, sees the environment of rkt and the bytes of its file', { skip }, async (t) => {
  const it = bed(t, 'rec:IP=10.9.8.7;K=V', { recorder, '10-rec.conf': recorded });
  const result = await setUpNetwork(it.request);
  assert.deepEqual(result.dns, { network: 'rec', nameservers: ['1.2.3.4'], search: [], options: [] });
  await tearDownNetwork(it.request);
  const { podDir, uuid, localConfigDir } = it.request;
  for (const command of ['ADD', 'DEL']) {
    assert.equal(readFileSync(`${podDir}/../stdin.${command}`, 'utf8'), recorded);
    assert.deepEqual(readFileSync(`${podDir}/../env.${command}`, 'utf8').trim().split('\n'), [
      'CNI_ARGS=IP=10.9.8.7;K=V',
      `CNI_COMMAND=${command}`,
      `CNI_CONTAINERID=${uuid}`,
      'CNI_IFNAME=eth0',
      `CNI_NETNS=${it.netns}`,
      `CNI_PATH=${localConfigDir}/net.d:/usr/lib/rkt/plugins/net:stage1/rootfs/usr/lib/rkt/plugins/net`,
      'CNI_VERSION=0.1.0',
    ]);
  }
  assert.deepEqual(it.log(), [`ADD eth0 ${podDir}`, `DEL eth0 ${podDir}`]);
});

test('setUpNetwork and tearDownNetwork, chained plugins of a conflist, are told the result of those before', { skip }, async (t) => {
  const watcher = `#!/bin/sh
cat > ROOT/stdin.$CNI_COMMAND
echo "$CNI_COMMAND" >> ROOT/log
[ "$CNI_COMMAND" = ADD ] || exit 0
cat ROOT/stdin.ADD | sed 's/.*"prevResult"://; s/}$//'
`;
  const ipam = { type: 'host-local', subnet: '172.30.45.0/24', dataDir: 'ROOT/leases' };
  const plugins = [
    { type: 'ptp', ipMasq: true, ipam },
    { type: 'tuning', mtu: 1400 },
    { type: 'watcher' },
  ];
  const it = bed(t, 'podtest-list', { watcher, 'l.conflist': JSON.stringify({ cniVersion: '0.4.0', name: 'podtest-list', plugins }) });
  const { networks } = await setUpNetwork(it.request);
  assert.match(networks[0]!.ip, /^172\.30\.45\./);
  assert.match(inPod(it.netns, 'ip', 'link', 'show', 'eth0'), / mtu 1400 /);
  await tearDownNetwork(it.request);
  assert.deepEqual(it.log(), ['ADD', 'DEL']);
  for (const command of ['ADD', 'DEL']) {
    const input = JSON.parse(readFileSync(`${it.request.podDir}/../stdin.${command}`, 'utf8')) as Record<string, unknown>;
    assert.deepEqual([input['name'], input['cniVersion']], ['podtest-list', '0.4.0']);
    assert.ok(JSON.stringify(input['prevResult']).includes(networks[0]!.ip));
  }
  assert.deepEqual(traces(it), []);
});

test('setUpNetwork, second of three plugins fails, undoes two in reverse and says which failed and why', { skip }, async (t) => {
  const failing = `#!/bin/sh
cat > /dev/null
echo "$CNI_COMMAND failing" >> ROOT/log
[ "$CNI_COMMAND" = DEL ] || { echo '{"code":7,"msg":"no cable","details":"port 3"}'; echo extra >&2; exit 1; }
`;
  const conf = (name: string, type: string): string => JSON.stringify({ name, type });
  const files = { recorder, failing, '1.conf': conf('a', 'recorder'), '2.conf': conf('b', 'failing'), '3.conf': conf('c', 'recorder') };
  const it = bed(t, 'a,b,c', files);
  await assert.rejects(setUpNetwork(it.request), {
    code: 'set-up-failed',
    message: 'stage1: failed to setup network: error adding network "b": plugin failing: no cable; port 3; extra',
  });
  const { podDir } = it.request;
  assert.deepEqual(it.log(), [`ADD eth0 ${podDir}`, 'ADD failing', 'DEL failing', `DEL eth0 ${podDir}`]);
  assert.deepEqual(traces(it), []);
});

test('tearDownNetwork, plugin fails, does the rest and tries that one again', { skip }, async (t) => {
  const stubborn = `#!/bin/sh
cat > /dev/null
echo "$CNI_COMMAND" >> ROOT/log
[ "$CNI_COMMAND" = ADD ] || [ -e ROOT/healed ] || { echo nonsense; exit 3; }
`;
  const it = bed(t, 'a,b', { recorder, stubborn, '1.conf': '{"name":"a","type":"recorder"}', '2.conf': '{"name":"b","type":"stubborn"}' });
  await setUpNetwork(it.request);
  const message = 'error deleting "b": plugin stubborn: exit status 3: nonsense';
  await assert.rejects(tearDownNetwork(it.request), { code: 'tear-down-failed', message });
  assert.deepEqual(traces(it), []);
  writeFileSync(`${it.request.podDir}/../healed`, '');
  await tearDownNetwork(it.request);
  await tearDownNetwork(it.request);
  const { podDir } = it.request;
  assert.deepEqual(it.log(), [`ADD eth0 ${podDir}`, 'ADD', 'DEL', `DEL eth0 ${podDir}`, 'DEL']);
});

test('tearDownNetwork, process killed while a plugin runs, undoes what that had done', { skip }, async (t) => {
  const slow = `#!/bin/sh
cat > /dev/null
[ "$CNI_COMMAND" = ADD ] && { touch ROOT/reached; exec sleep 30; }
echo "$CNI_COMMAND" >> ROOT/log
`;
  const it = bed(t, 'podtest-crash,slow', { slow, '1.conf': ptp('podtest-crash', '172.30.41.0/24'), '2.conf': '{"name":"slow","type":"slow"}' });
  const door = new URL('index.ts', import.meta.url).href;
  const source = `import { setUpNetwork } from ${JSON.stringify(door)}; await setUpNetwork(${JSON.stringify(it.request)});`;
  const doomed = startProgram(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', source], {
    stdio: 'inherit',
    detached: true,
  });
  const ended = once(doomed, 'close');
  const root = join(it.request.podDir, '..');
  for (let i = 0; i < 200 && !existsSync(`${root}/reached`); i++) await new Promise((done) => setTimeout(done, 20));
  process.kill(-doomed.pid!, 'SIGKILL');
  await ended;
  assert.notDeepEqual(traces(it), []);
  rmSync(`${it.request.localConfigDir}/net.d/1.conf`);
  await tearDownNetwork(it.request);
  assert.deepEqual(traces(it), []);
  assert.deepEqual(it.log(), ['DEL']);
  assert.deepEqual(readdirSync(`${root}/leases/podtest-crash`).filter((name) => /^\d/.test(name)), []);
});

test('tearDownNetwork, namespace already unmounted or removed, still frees lease and rules', { skip }, async (t) => {
  for (const remove of [false, true]) {
    const it = bed(t, 'podtest-gone', { '1.conf': ptp('podtest-gone', '172.30.42.0/24') });
    await setUpNetwork(it.request);
    unmount(it.netns, 2);
    if (remove) rmSync(it.netns);
    await tearDownNetwork(it.request);
    assert.deepEqual(traces(it), []);
    const leases = readdirSync(join(it.request.podDir, '../leases/podtest-gone'));
    assert.deepEqual(leases.filter((name) => /^\d/.test(name)), []);
  }
});

test('setUpNetwork, published port, is reached by 127.0.0.1 and by the address of the host; then no more', { skip }, async (t) => {
  const hostPort = 20_000 + (process.pid % 10_000);
  const ports = [{ protocol: 'tcp', hostPort, podPort: 80 }];
  const it = bed(t, 'podtest-ports', { '1.conf': ptp('podtest-ports', '172.30.43.0/24') }, { ports });
  await setUpNetwork(it.request);
  const source = `require('http').createServer((q, r) => r.end('pod')).listen(80, () => console.log('ready'))`;
  const server = inNetworkNamespace(it.netns, () =>
    startProgram(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  t.after(() => server.kill('SIGKILL'));
  await once(server.stdout!, 'data');
  for (const address of ['127.0.0.1', '172.30.43.1']) {
    const answer = await fetch(`http://${address}:${hostPort}`, { headers: { connection: 'close' } });
    assert.equal(await answer.text(), 'pod');
  }
  const hairpin = inPod(it.netns, process.execPath, '-e', `fetch('http://172.30.43.1:${hostPort}').then((a) => a.text()).then(console.log)`);
  assert.equal(hairpin.trim(), 'pod');
  await tearDownNetwork(it.request);
  assert.deepEqual(traces(it), []);
  await assert.rejects(fetch(`http://127.0.0.1:${hostPort}`));
});

test('setUpNetwork, port that cannot be published, leaves no network behind', { skip }, async (t) => {
  const ports = [{ protocol: 'tcp', hostPort: 0, podPort: 80 }];
  const it = bed(t, 'podtest-badport', { '1.conf': ptp('podtest-badport', '172.30.44.0/24') }, { ports });
  await assert.rejects(setUpNetwork(it.request), { message: 'stage1: failed to setup network: no port number: 0' });
  assert.deepEqual(traces(it), []);
});
