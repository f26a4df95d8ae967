import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeBusyboxAci, type NetHost, openHome, openNetHost, type Home, type NetHostOptions } from '#tests/support';

/** A host with an rkt of its own, and pods on it. */
export interface NetScene extends AsyncDisposable {
  readonly host: NetHost;
  readonly home: Home;
  readonly aci: string;
  /** Writes a file of net.d; a script without an ending is a plugin. */
  configure(file: string, content: object | string): void;
  /** Starts a pod that serves its hostname on port 80 and waits for it. */
  startPod(...flags: readonly string[]): Promise<NetPod>;
  rkt(...args: readonly string[]): Promise<{ stdout: string; stderr: string; output: string; status: number }>;
  /** Stops all pods and collects them. */
  collect(): Promise<void>;
  /** Everything on the host that pods could have left. */
  traces(): Promise<string[]>;
}

export interface NetPod {
  readonly uuid: string;
  readonly ip: string;
  readonly netns: string;
  /** In the pod's network namespace. */
  run(...args: readonly string[]): Promise<string>;
}

const SERVE = 'mkdir -p /tmp/www; hostname > /tmp/www/index.html; exec httpd -f -p 80 -h /tmp/www';

export async function openNetScene(options: NetHostOptions & { readonly isolators?: readonly object[] } = {}): Promise<NetScene> {
  const home = openHome();
  const host = await openNetHost(options);
  const ports = [{ name: 'web', protocol: 'tcp', port: 80 }, { name: 'echo', protocol: 'udp', port: 7 }];
  const aci = makeBusyboxAci(home.file('web.aci'), { app: { exec: ['/bin/sh', '-c', SERVE], ports, isolators: options.isolators ?? [] } });
  const scene: NetScene = {
    host,
    home,
    aci,
    configure(file, content) {
      const path = join(home.localConfig, 'net.d', file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o755 });
    },
    startPod: (...flags) => startPod(scene, flags),
    rkt: (...args) => host.rkt(home, args, { status: 'any' }),
    collect: () => collect(scene),
    traces: () => traces(host),
    async [Symbol.asyncDispose]() {
      try {
        await collect(scene);
      } finally {
        await host[Symbol.asyncDispose]();
        await home[Symbol.asyncDispose]();
      }
    },
  };
  return scene;
}

async function startPod({ host, home, aci }: NetScene, flags: readonly string[]): Promise<NetPod> {
  const file = home.file(`uuid-${process.hrtime.bigint()}`);
  const log = `${file}.log`;
  const command = 'log=$1; shift; exec "$@" >"$log" 2>&1';
  const rkt = [process.env['RKT'] ?? join(import.meta.dirname, '../../dist/rkt'), ...home.flags, '--insecure-options=image'];
  const child = host.start(['sh', '-c', command, 'sh', log, ...rkt, 'run', `--uuid-file-save=${file}`, ...flags, aci]);
  for (let i = 0; i < 1500 && !(existsSync(file) && readFileSync(file, 'utf8').length >= 36); i++) {
    if (child.exitCode !== null) throw new Error(`rkt ended with ${child.exitCode}: ${readFileSync(log, 'utf8')}`);
    await sleep(10);
  }
  const uuid = readFileSync(file, 'utf8').trim();
  const ready = await host.rkt(home, ['status', '--wait-ready=30s', uuid], { status: 'any' });
  if (ready.status !== 0 || child.exitCode !== null) throw new Error(`${ready.output}${readFileSync(log, 'utf8')}`);
  const netns = `/run/netns/cni-${uuid}`;
  return {
    uuid,
    ip: /ip4=([\d.]+)/.exec(ready.stdout)?.[1] ?? '',
    netns,
    run: async (...args) => (await host.run(['nsenter', `--net=${netns}`, '--', ...args])).stdout,
  };
}

async function collect({ host, home }: NetScene): Promise<void> {
  const { stdout } = await host.rkt(home, ['list', '--full', '--no-legend']);
  const running = stdout.split('\n').filter((line) => line.includes('\trunning\t')).map((line) => line.split('\t')[0]!);
  if (running.length > 0) await host.rkt(home, ['stop', '--force', ...running]);
  for (const uuid of running) await host.rkt(home, ['status', '--wait=15s', uuid]);
  // A process that was killed may be in its cgroup for another moment: gc then leaves the pod for later.
  for (const deadline = Date.now() + 10_000; ; await sleep(250)) {
    const gc = await host.rkt(home, ['gc', '--grace-period=0s', '--expire-prepared=0s']);
    const left = await host.rkt(home, ['list', '--full', '--no-legend']);
    if (left.stdout.trim() === '') return;
    if (Date.now() > deadline) throw new Error(`pods are left: ${left.stdout}\n${gc.output}`);
  }
}

const LOOK = `
ls /run/netns 2>/dev/null | sed 's/^/netns /'
find /var/lib/cni -type f ! -name lock ! -name 'last_reserved_ip*' | sed 's/^/file /'
ip -o link | grep -vE ': (lo|up0)[@:]' | sed 's/^/link /'
for f in iptables ip6tables; do command -v $f-save >/dev/null && { $f-save 2>/dev/null | grep -E '^-A|^:(CNI|RKT)' | sed 's/^/rule /'; }; done
command -v nft >/dev/null && nft list tables | grep rkt
true
`;

async function traces(host: NetHost): Promise<string[]> {
  const { stdout } = await host.run(['sh', '-c', LOOK]);
  return stdout.split('\n').filter((line) => line !== '');
}
