import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeBusyboxAci, needs } from '#tests/support';
import { type NetPod, type NetScene, openNetScene } from './net-pods.ts';

const PLUGINS = '/usr/lib/cni';

/** Debian's plugins, on a machine with root. */
function withPlugins(...names: readonly string[]): { skip: string | false } {
  const { skip } = needs('root', 'nsenter', 'unshare', 'curl');
  const missing = names.filter((name) => !existsSync(`${PLUGINS}/${name}`));
  return { skip: skip === false && missing.length > 0 ? `no CNI plugins ${missing.join(', ')} (Debian: containernetworking-plugins)` : skip };
}

function subnet(cidr: string): object {
  return { type: 'host-local', subnet: cidr, routes: [{ dst: '0.0.0.0/0' }] };
}

/** The skip of a kind of link that this kernel cannot make. */
async function refuses(scene: NetScene, link: string): Promise<string | undefined> {
  const { status, output } = await scene.host.run(['sh', '-c', `ip link add try0 ${link} && ip link del try0`], { status: 'any' });
  return status === 0 ? undefined : `this kernel refuses ip link add ${link}: ${output.trim()}`;
}

async function fetchFrom(pod: NetPod, address: string): Promise<string> {
  // The pod is ready when its app runs, which is a moment before that listens.
  return (await pod.run('curl', '-sS', '--max-time', '5', '--retry', '9', '--retry-delay', '1', '--retry-connrefused', `http://${address}/`)).trim();
}

for (const type of ['bridge', 'ptp']) {
  test(`run --net, ${type} of CNI 1.0, two pods reach each other; nothing is left`, withPlugins(type), async () => {
    await using scene = await openNetScene();
    const more = type === 'bridge' ? { bridge: 'web0', isGateway: true } : {};
    scene.configure('10-web.conf', { cniVersion: '1.0.0', name: 'web', type, ...more, ipMasq: true, ipam: subnet('10.88.0.0/24') });
    const [one, two] = [await scene.startPod('--net=web'), await scene.startPod('--net=web')];
    assert.equal(await fetchFrom(one, two.ip), `rkt-${two.uuid}`);
    assert.equal(await fetchFrom(two, one.ip), `rkt-${one.uuid}`);
    assert.match((await scene.rkt('status', '--check-networks', one.uuid)).stdout, /^network-web=ok$/m);
    await one.run('ip', 'address', 'flush', 'dev', 'eth0');
    const broken = await scene.rkt('status', '--check-networks', one.uuid);
    assert.equal(broken.status, 1);
    assert.match(broken.stdout, /^network-web=broken$/m);
    assert.match(broken.stderr, new RegExp(`status: network "web": plugin ${type}: `));
    await scene.collect();
    assert.deepEqual((await scene.traces()).filter((trace) => !trace.includes('web0')), []);
  });
}

test('run --net, macvlan, is on the link of the host, and reaches the world', withPlugins('macvlan'), async (t) => {
  await using scene = await openNetScene();
  const { host } = scene;
  const why = await refuses(scene, 'link up0 type macvlan mode bridge');
  if (why !== undefined) return t.skip(why);
  const ipam = { type: 'host-local', subnet: '198.51.100.0/24', rangeStart: '198.51.100.50', rangeEnd: '198.51.100.60' };
  scene.configure('10-lan.conf', { cniVersion: '0.4.0', name: 'lan', type: 'macvlan', master: 'up0', ipam });
  const [one, two] = [await scene.startPod('--net=lan'), await scene.startPod('--net=lan')];
  assert.equal(await fetchFrom(one, two.ip), `rkt-${two.uuid}`);
  const seen = await host.runOutside(['curl', '-sS', '--max-time', '5', `http://${one.ip}/`]);
  assert.equal(seen.stdout.trim(), `rkt-${one.uuid}`);
  await scene.collect();
  assert.deepEqual(await scene.traces(), []);
});

test('run --net, dhcp, has an address from the server in the world, which takes it back', withPlugins('macvlan', 'dhcp'), async (t) => {
  await using scene = await openNetScene();
  const { host, home } = scene;
  const why = await refuses(scene, 'link up0 type macvlan mode bridge');
  if (why !== undefined) return t.skip(why);
  const leases = home.file('leases');
  scene.configure('udhcpd.conf.txt', `start 198.51.100.70\nend 198.51.100.79\ninterface down0\nlease_file ${leases}\npidfile ${home.file('udhcpd.pid')}\nopt subnet 255.255.255.0\nopt router 198.51.100.2\n`);
  const server = host.startOutside(['sh', '-c', `touch ${leases}; exec busybox udhcpd -f ${home.localConfig}/net.d/udhcpd.conf.txt 2>&1`]);
  await once(server.stdout!, 'data');
  host.start([`${PLUGINS}/dhcp`, 'daemon']);
  await host.run(['sh', '-c', 'for i in $(seq 100); do [ -S /run/cni/dhcp.sock ] && exit 0; sleep 0.05; done; exit 1']);
  scene.configure('10-lan.conf', { cniVersion: '0.4.0', name: 'lan', type: 'macvlan', master: 'up0', ipam: { type: 'dhcp' } });
  const pod = await scene.startPod('--net=lan');
  assert.match(pod.ip, /^198\.51\.100\.7\d$/);
  assert.equal((await host.runOutside(['curl', '-sS', '--max-time', '5', `http://${pod.ip}/`])).stdout.trim(), `rkt-${pod.uuid}`);
  await scene.collect();
  assert.deepEqual(await scene.traces(), []);
});

test('run --net, a list of bridge, tuning, bandwidth, firewall and portmap, does what each is for; nothing is left', withPlugins('bridge', 'tuning', 'bandwidth', 'firewall', 'portmap'), async (t) => {
  await using scene = await openNetScene();
  const { host } = scene;
  const tbf = await host.run(['sh', '-c', 'ip link add try0 type ifb && ip link set try0 up && tc qdisc add dev try0 root tbf rate 1mbit burst 10kb latency 25ms; r=$?; ip link del try0; exit $r'], { status: 'any' });
  const bandwidth = tbf.status === 0 ? [{ type: 'bandwidth', capabilities: { bandwidth: true } }] : [];
  if (bandwidth.length === 0) t.diagnostic(`without bandwidth: this kernel has no ifb or tbf: ${tbf.output.trim()}`);
  const plugins = [
    { type: 'bridge', bridge: 'all0', isGateway: true, ipMasq: true, hairpinMode: true, capabilities: { ips: true, mac: true }, ipam: subnet('10.89.0.0/24') },
    { type: 'tuning', mtu: 1400, sysctl: { 'net.ipv4.conf.eth0.arp_ignore': '1' } },
    ...bandwidth,
    { type: 'firewall', backend: 'iptables' },
    { type: 'portmap', capabilities: { portMappings: true }, snat: true },
  ];
  // CHECK of portmap 1.1 takes a pod with addresses of one family for broken.
  scene.configure('10-all.conflist', { cniVersion: '1.0.0', name: 'all-of-them', disableCheck: true, plugins });
  const args = ['ips=10.89.0.77', 'mac=02:00:00:00:00:77', ...(bandwidth.length > 0 ? ['bandwidth.ingressRate=8000000;bandwidth.ingressBurst=800000'] : [])];
  const pod = await scene.startPod(`--net=all-of-them:${args.join(';')}`, '--port=web:8080');
  assert.equal(pod.ip, '10.89.0.77');
  const link = await pod.run('ip', 'link', 'show', 'eth0');
  assert.match(link, / mtu 1400 /);
  assert.match(link, /02:00:00:00:00:77/);
  assert.equal((await pod.run('cat', '/proc/sys/net/ipv4/conf/eth0/arp_ignore')).trim(), '1');
  for (const [where, address] of [['runOutside', host.address.four], ['run', '127.0.0.1']] as const) {
    const { stdout } = await host[where](['curl', '-sS', '--max-time', '5', `http://${address}:8080/`]);
    assert.equal(stdout.trim(), `rkt-${pod.uuid}`);
  }
  const rules = (await host.run(['iptables-save'])).stdout;
  assert.match(rules, /CNI-DN-/);
  assert.match(rules, /CNI-FORWARD .*10\.89\.0\.77/);
  assert.doesNotMatch(rules, /RKT-PFWD/);
  if (bandwidth.length > 0) assert.match((await host.run(['tc', 'qdisc'])).stdout, /tbf .*rate 8Mbit/);
  assert.match((await scene.rkt('status', '--check-networks', pod.uuid)).stdout, /^network-all-of-them=unknown$/m);
  await scene.collect();
  const shared = /all0|CNI-(FORWARD|ADMIN|HOSTPORT)/;
  assert.deepEqual((await scene.traces()).filter((trace) => !shared.test(trace)), []);
});

const GUEST = `#!/bin/sh
input=$(cat)
echo "$CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME $CNI_NETNS" >> LOG
echo "$input" >> LOG.$CNI_COMMAND
[ "$CNI_COMMAND" = ADD ] || exit 0
nsenter --net="$CNI_NETNS" ip link add "$CNI_IFNAME" type bridge >&2 || exit 1
echo '{"cniVersion":"1.1.0","interfaces":[{"name":"eth0","sandbox":"x"}],"ips":[{"address":"10.90.0.9/24","interface":0}],"dns":{"nameservers":["10.90.0.1"],"search":["pods.example"]}}'
`;

test("run --net, a third party's plugin of CNI 1.1, has ADD, CHECK, DEL and GC with all that the spec gives them", withPlugins(), async () => {
  await using scene = await openNetScene();
  const log = scene.home.file('log');
  const inputs = (command: string): Record<string, any>[] => readFileSync(`${log}.${command}`, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, any>);
  scene.configure('guest', GUEST.replaceAll('LOG', log));
  const conf = { cniVersion: '0.4.0', cniVersions: ['0.4.0', '1.1.0', '7.0.0'], name: 'guests', plugins: [{ type: 'guest', capabilities: { aliases: true }, own: [1] }] };
  scene.configure('10-guests.conflist', conf);
  const pod = await scene.startPod('--net=guests:aliases=db;K=V');
  const { stdout } = await scene.rkt('enter', pod.uuid, '/bin/cat', '/etc/resolv.conf');
  assert.match(stdout, /^search pods\.example\nnameserver 10\.90\.0\.1$/m);
  await scene.rkt('status', '--check-networks', pod.uuid);
  const valid = [{ containerID: pod.uuid, ifname: 'eth0' }];
  await scene.rkt('gc', '--grace-period=0s');
  const told = inputs('GC').at(-1)!;
  assert.deepEqual([told['name'], told['cniVersion'], told['cni.dev/valid-attachments']], ['guests', '1.1.0', valid]);
  await scene.collect();
  assert.deepEqual(inputs('GC').at(-1)!['cni.dev/valid-attachments'], []);
  const [add] = inputs('ADD');
  assert.deepEqual(add, { type: 'guest', capabilities: { aliases: true }, own: [1], name: 'guests', cniVersion: '1.1.0', runtimeConfig: { aliases: [`rkt-${pod.uuid}`, 'db'] } });
  for (const command of ['CHECK', 'DEL']) {
    const { prevResult, ...rest } = inputs(command)[0]!;
    assert.deepEqual(rest, add, command);
    assert.equal(prevResult.ips[0].address, '10.90.0.9/24');
  }
  const lines = readFileSync(log, 'utf8').trim().split('\n').filter((line) => !line.startsWith('GC'));
  assert.deepEqual(lines, ['ADD', 'CHECK', 'DEL'].map((command) => `${command} ${pod.uuid} eth0 /var/run/netns/cni-${pod.uuid}`));
  assert.deepEqual(await scene.traces(), []);
});

const WHERE = `#!/bin/sh
cat >/dev/null
echo "$CNI_COMMAND $(readlink /proc/self/ns/mnt)" >> LOG
[ "$CNI_COMMAND" = ADD ] && echo '{"cniVersion":"1.0.0","ips":[]}'
exit 0
`;

test('run --net, plugins of several networks, have the mounts of the host and never those of the pod', withPlugins(), async () => {
  await using scene = await openNetScene();
  const log = scene.home.file('log');
  scene.configure('where', WHERE.replaceAll('LOG', log));
  for (const name of ['one', 'two']) {
    scene.configure(`${name}.conflist`, { cniVersion: '1.0.0', name, plugins: [{ type: 'where' }, { type: 'where' }] });
  }
  const host = (await scene.host.run(['readlink', '/proc/self/ns/mnt'])).stdout.trim();
  await scene.startPod('--net=one,two');
  await scene.collect();
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  assert.deepEqual(lines, [...Array<string>(4).fill(`ADD ${host}`), ...Array<string>(4).fill(`DEL ${host}`)]);
});

test('run --net, a network of the user named default, takes the place of the one built in', withPlugins('ptp'), async () => {
  await using scene = await openNetScene();
  scene.configure('10-own.conf', { name: 'default', type: 'ptp', ipam: subnet('10.91.0.0/24') });
  const pod = await scene.startPod();
  assert.match(pod.ip, /^10\.91\.0\./);
});

test('run --net=all, is on every network in the order of the files', withPlugins('ptp'), async () => {
  await using scene = await openNetScene();
  scene.configure('05-one.conf', { name: 'one', type: 'ptp', ipam: { type: 'host-local', subnet: '10.92.0.0/24' } });
  const pod = await scene.startPod('--net=all');
  const text = await pod.run('ip', '-o', '-4', 'address');
  assert.match(text, /eth0 +inet 10\.92\.0\.\d+[^]*eth1 +inet 172\.31\.\d+\.\d+[^]*eth2 +inet 172\.16\.28\.\d+/);
});

test('run, what names are looked up with, is what flags say, else the network, else the image', withPlugins(), async () => {
  await using scene = await openNetScene();
  scene.configure('guest', GUEST.replaceAll('LOG', scene.home.file('log')));
  scene.configure('10-guests.conf', { cniVersion: '1.0.0', name: 'guests', type: 'guest' });
  const show = async (...flags: readonly string[]): Promise<string> => {
    const command = 'cat /etc/resolv.conf 2>/dev/null || echo no resolv.conf; echo; cat /etc/hosts; hostname';
    const { stdout, output } = await scene.rkt('run', '--net=guests', ...flags, scene.aci, '--exec=/bin/sh', '--', '-c', command);
    assert.notEqual(stdout, '', output);
    return stdout;
  };
  assert.match(await show(), /^# Generated by rkt from network guests\n\nsearch pods\.example\nnameserver 10\.90\.0\.1\n\n# This is the default rkt \/etc\/hosts\n127\.0\.0\.1 localhost [^\n]* rkt-[0-9a-f-]{36}\n[^]*\nrkt-[0-9a-f-]{36}\n$/);
  assert.match(await show('--dns=1.2.3.4', '--dns-search=s.example', '--dns-opt=debug', '--dns-domain=d.example'), /^# Generated by rkt run\n\nsearch s\.example\nnameserver 1\.2\.3\.4\noptions debug\ndomain d\.example\n/);
  assert.match(await show('--dns=none'), /^no resolv\.conf\n/);
  assert.ok((await show('--dns=host', '--hosts-entry=host')).includes(readFileSync('/etc/resolv.conf', 'utf8').trim()));
  const named = await show('--hostname=given', '--hosts-entry=10.9.9.9=db', '--hosts-entry=10.9.9.9=sql');
  assert.match(named, /^10\.9\.9\.9 db sql$/m);
  assert.match(named, /^127\.0\.0\.1 localhost localhost\.domain localhost4 localhost4\.localdomain4 given$/m);
  assert.match(named, /\ngiven\n$/);
});

test('run, volumes on /etc/resolv.conf and /etc/hosts, go before the image and after flags and networks', withPlugins(), async () => {
  await using scene = await openNetScene();
  scene.configure('guest', GUEST.replaceAll('LOG', scene.home.file('log')));
  scene.configure('10-guests.conf', { cniVersion: '1.0.0', name: 'guests', type: 'guest' });
  const own = makeBusyboxAci(scene.home.file('own.aci'), { files: { '/etc/resolv.conf': 'nameserver 9.9.9.9\n', '/etc/hosts': '9.9.9.9 image\n' } });
  const volumes = ['resolv.conf', 'hosts'].map((name) => {
    writeFileSync(scene.home.file(name), 'of the volume\n');
    return { flag: `--volume=${name.slice(0, 5)},kind=host,source=${scene.home.file(name)}`, mount: `--mount=volume=${name.slice(0, 5)},target=/etc/${name}` };
  });
  const show = async (...flags: readonly string[]): Promise<string[]> => {
    const mounts = volumes.map(({ mount }) => mount);
    const { stdout } = await scene.rkt('run', ...flags, ...volumes.map(({ flag }) => flag), own, ...mounts, '--exec=/bin/sh', '--', '-c', 'grep -e ^name -e ^of /etc/resolv.conf; tail -n1 /etc/hosts');
    return stdout.trim().split('\n');
  };
  const volume = 'of the volume';
  assert.deepEqual(await show('--net=none'), [volume, volume]);
  assert.deepEqual(await show('--net=guests'), ['nameserver 10.90.0.1', volume]);
  assert.deepEqual(await show('--net=guests', '--dns=none'), [volume, volume]);
  assert.deepEqual(await show('--net=none', '--dns=1.2.3.4', '--hosts-entry=1.2.3.4=db'), ['nameserver 1.2.3.4', '1.2.3.4 db']);
  const host = readFileSync('/etc/hosts', 'utf8').trim().split('\n').at(-1);
  assert.equal((await show('--net=none', '--hosts-entry=host'))[1], host);
});

test('run --dns=none, an image with a resolv.conf, has that, whatever the network says', withPlugins(), async () => {
  await using scene = await openNetScene();
  scene.configure('guest', GUEST.replaceAll('LOG', scene.home.file('log')));
  scene.configure('10-guests.conf', { cniVersion: '1.0.0', name: 'guests', type: 'guest' });
  const own = makeBusyboxAci(scene.home.file('own.aci'), { files: { '/etc/resolv.conf': 'nameserver 9.9.9.9\n' } });
  const { stdout } = await scene.rkt('run', '--net=guests', '--dns=none', own, '--exec=/bin/cat', '--', '/etc/resolv.conf');
  assert.equal(stdout, 'nameserver 9.9.9.9\n');
});
