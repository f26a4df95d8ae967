/** Networks on the kernel of a distribution: what a kernel may have, such as ipvlan, and what it may lack. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Home, makeBusyboxAci, openHome } from '#tests/support';
import { needsVm, openVm, openVmRkt, quoted, type Vm, type VmOptions, type VmRkt } from './index.ts';

const PLUGINS = ['bridge', 'host-local', 'ipvlan'];
const missing = PLUGINS.filter((name) => !existsSync(`/usr/lib/cni/${name}`));
const skip = needsVm().skip || (missing.length > 0 ? `no CNI plugins ${missing.join(', ')} (Debian: containernetworking-plugins)` : false);

/** A link `up0` to another network namespace, the world. */
const LINK = `set -e
mount -t cgroup2 none /sys/fs/cgroup
ip netns add world
ip link add up0 type veth peer name down0 netns world
ip address add 198.51.100.1/24 dev up0 && ip link set up0 up
ip -n world address add 198.51.100.2/24 dev down0 && ip -n world link set down0 up && ip -n world link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
mkdir -p /data/local/net.d`;

const SERVE = 'mkdir -p /tmp/www; hostname >/tmp/www/index.html; exec httpd -f -p 80 -h /tmp/www';
const WORLD = 'ip netns exec world';
const NAT = ['nft_chain_nat', 'nft_compat', 'nft_ct', 'nft_fib_inet', 'nft_nat', 'xt_addrtype', 'xt_comment', 'xt_MASQUERADE', 'xt_nat', 'xt_tcpudp'];

/** A machine with an rkt, and with pods that serve their hostname on port 80, named `web`. */
class Scene implements AsyncDisposable {
  readonly #home: Home = openHome();
  #vm!: Vm;
  rkt!: VmRkt;

  static async open(options: VmOptions): Promise<Scene> {
    const scene = new Scene();
    try {
      const app = { exec: ['/bin/sh', '-c', SERVE], ports: [{ name: 'web', protocol: 'tcp', port: 80 }] };
      makeBusyboxAci(scene.#home.file('web.aci'), { app });
      scene.#vm = await openVm(options);
      scene.rkt = await openVmRkt(scene.#vm);
      await scene.sh(LINK);
      return scene;
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
  }

  async sh(script: string): Promise<string> {
    return (await this.#vm.run(script)).stdout.trim();
  }

  async configure(conf: { readonly name: string; readonly [key: string]: unknown }): Promise<void> {
    await this.sh(`printf %s ${quoted(JSON.stringify({ cniVersion: '1.0.0', ...conf }))} >/data/local/net.d/${conf.name}.conf`);
  }

  start(...flags: readonly string[]): Promise<string> {
    return this.rkt.start([...flags, this.#home.file('web.aci')]);
  }

  /** What answers at an address; the pod is ready a moment before its app listens. */
  fetch(where: string, address: string): Promise<string> {
    return this.sh(`${where} curl -gsS --max-time 20 --retry 9 --retry-delay 1 --retry-connrefused http://${address}/`);
  }

  /** Ends and collects the pods; gives what is left of them. */
  async collect(...uuids: readonly string[]): Promise<string[]> {
    await this.rkt.run(['stop', ...uuids]);
    for (const uuid of uuids) await this.rkt.run(['status', '--wait=60s', uuid]);
    await this.rkt.run(['gc', '--grace-period=0s']);
    const left = await this.sh(`
      ls /run/netns; ip -o link | grep -vE ': (lo|up0|web0)[@:]'; find /var/lib/cni -type f -name '[0-9]*'
      { iptables-save; ip6tables-save; } 2>/dev/null | grep -E '^-A|RKT|CNI'; nft list tables | grep rkt; true`);
    return left.split('\n').filter((line) => line !== 'world');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vm?.[Symbol.asyncDispose]();
    await this.#home[Symbol.asyncDispose]();
  }
}

function inPod(uuid: string): string {
  return `nsenter --net=/run/netns/cni-${uuid}`;
}

describe('a host with IPv6, br_netfilter and ipvlan', { skip, timeout: 900_000 }, () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.open({ modules: ['br_netfilter', 'ipvlan', 'veth', ...NAT] });
  });
  after(() => scene?.[Symbol.asyncDispose]());

  test('run --port, is reached from ::1 and, over a bridge with hairpins, from the pod itself; nothing is left', async () => {
    const ranges = [[{ subnet: '10.84.0.0/24' }], [{ subnet: 'fd84::/64' }]];
    const ipam = { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }] };
    await scene.configure({ name: 'dual', type: 'bridge', bridge: 'web0', isGateway: true, hairpinMode: true, ipam });
    const pod = await scene.start('--net=dual', '--port=web:8080');
    for (const [where, address] of [['', '[::1]'], ['', '127.0.0.1'], [inPod(pod), '198.51.100.1'], [inPod(pod), '[fd84::1]']] as const) {
      assert.equal(await scene.fetch(where, `${address}:8080`), `rkt-${pod}`, `${where} ${address}`);
    }
    assert.deepEqual(await scene.collect(pod), []);
  });

  for (const { mode, net, route } of [
    { mode: 'l2', net: '198.51.100', route: 'true' },
    { mode: 'l3', net: '10.86.0', route: 'ip -n world route add 10.86.0.0/24 via 198.51.100.1' },
  ]) {
    test(`run --net, ipvlan of mode ${mode}, is on the link of the host, reaches another pod and is reached from the world; nothing is left`, async () => {
      const ipam = { type: 'host-local', subnet: `${net}.0/24`, rangeStart: `${net}.50`, routes: [{ dst: '0.0.0.0/0' }] };
      await scene.configure({ name: mode, type: 'ipvlan', master: 'up0', mode, ipam });
      await scene.sh(route);
      const [one, two] = [await scene.start(`--net=${mode}`), await scene.start(`--net=${mode}`)];
      const status = await scene.rkt.run(['status', '--check-networks', two]);
      assert.match(status.stdout, new RegExp(`^networks=${mode}:ip4=${net}\\.51$[^]*^network-${mode}=ok$`, 'm'));
      assert.match(await scene.sh(`${inPod(two)} ip -d link show eth0`), new RegExp(`ipvlan +mode ${mode} `));
      assert.equal(await scene.fetch(inPod(one), `${net}.51`), `rkt-${two}`);
      assert.equal(await scene.fetch(WORLD, `${net}.50`), `rkt-${one}`);
      assert.deepEqual(await scene.collect(one, two), []);
    });
  }
});

describe('a host without IPv6 and without br_netfilter', { skip, timeout: 900_000 }, () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.open({ append: 'ipv6.disable=1', modules: ['bridge', 'veth', ...NAT] });
  });
  after(() => scene?.[Symbol.asyncDispose]());

  test('run --port, is reached from the world, from 127.0.0.1 and, over a bridge without hairpins, from the pod itself; nothing is left', async () => {
    const ipam = { type: 'host-local', subnet: '10.85.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };
    await scene.configure({ name: 'web', type: 'bridge', bridge: 'web0', isGateway: true, ipMasq: true, ipam });
    const pod = await scene.start('--net=web', '--port=web:8080');
    for (const [where, address] of [[WORLD, '198.51.100.1'], ['', '127.0.0.1'], [inPod(pod), '198.51.100.1']] as const) {
      assert.equal(await scene.fetch(where, `${address}:8080`), `rkt-${pod}`, `${where} ${address}`);
    }
    assert.deepEqual(await scene.collect(pod), []);
  });
});
