import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Home } from './home.ts';
import { rktProgram } from './home.ts';
import { run, type RunOptions, type RunResult } from './run.ts';

/** Programs that a host may lack, by what has to go for it. */
const FILES = {
  iptables: ['/usr/sbin/xtables-nft-multi', '/usr/sbin/xtables-legacy-multi'],
  nft: ['/usr/sbin/nft'],
} as const;

export interface NetHostOptions {
  /** Not installed there. */
  readonly without?: readonly (keyof typeof FILES)[];
  /** `iptables` is the legacy one there. */
  readonly legacy?: boolean;
}

/**
 * A machine as far as networks go: a network namespace with a link to another one, which is the world outside,
 * and a mount namespace in which /run and /var/lib/cni are its own.
 */
export interface NetHost extends AsyncDisposable {
  /** Of the host and of the world on their link. */
  readonly address: { readonly four: string; readonly six: string };
  readonly world: { readonly four: string; readonly six: string };
  /** Runs a program on the host; throws unless it exits 0 or `status` is any. */
  run(args: readonly string[], options?: HostRunOptions): Promise<RunResult>;
  /** Runs a program out in the world. */
  runOutside(args: readonly string[], options?: HostRunOptions): Promise<RunResult>;
  /** Starts a program on the host. It is killed with the host. */
  start(args: readonly string[]): ChildProcess;
  /** Starts a program out in the world, with its output in pipes. */
  startOutside(args: readonly string[]): ChildProcess;
  rkt(home: Home, args: readonly string[], options?: HostRunOptions): Promise<RunResult>;
}

export interface HostRunOptions extends RunOptions {
  readonly status?: 'any';
}

const ADDRESS = { four: '198.51.100.1', six: '2001:db8:100::1' };
const WORLD = { four: '198.51.100.2', six: '2001:db8:100::2' };

export async function openNetHost({ without = [], legacy = false }: NetHostOptions = {}): Promise<NetHost> {
  mkdirSync('/var/lib/cni', { recursive: true });
  const host = await hold(['--net', '--mount', '--propagation=private'], mounts(without, legacy));
  const world = await hold(['--net'], 'ip link set lo up');
  const started: ChildProcess[] = [];
  const inside = ['nsenter', '-t', String(host.pid), '-n', '-m', '--'];
  const outside = ['nsenter', '-t', String(world.pid), '-n', '--'];
  const begin = ([program, ...rest]: string[], output: 'ignore' | 'pipe'): ChildProcess => {
    const child = spawn(program!, rest, { stdio: ['ignore', output, output === 'pipe' ? 'inherit' : 'ignore'] });
    started.push(child);
    return child;
  };
  const self: NetHost = {
    address: ADDRESS,
    world: WORLD,
    run: (args, options) => checked([...inside, ...args], options),
    runOutside: (args, options) => checked([...outside, ...args], options),
    start: (args) => begin([...inside, ...args], 'ignore'),
    startOutside: (args) => begin([...outside, ...args], 'pipe'),
    rkt: (home, args, options) => checked([...inside, rktProgram(), ...home.flags, '--insecure-options=image', ...args], options),
    async [Symbol.asyncDispose]() {
      for (const child of [...started, host, world]) await end(child);
    },
  };
  await link(self, world.pid!);
  return self;
}

/** What `update-alternatives --set iptables /usr/sbin/iptables-legacy` does, on a machine without the other one. */
const LEGACY = `cp -a /etc/alternatives /run/alternatives &&
for v in iptables ip6tables; do for f in '' -save -restore; do ln -sf /usr/sbin/$v-legacy$f /run/alternatives/$v$f; done; done &&
mount --bind /run/alternatives /etc/alternatives && mount --bind /dev/null /usr/sbin/xtables-nft-multi`;

/** /sys/class/net shows the links of the namespace it was mounted in. */
const OWN_SYS = 'mkdir /run/cgroup && mount --rbind /sys/fs/cgroup /run/cgroup && mount -t sysfs sysfs /sys && mount --rbind /run/cgroup /sys/fs/cgroup && umount -l /run/cgroup && rmdir /run/cgroup';

function mounts(without: readonly (keyof typeof FILES)[], legacy: boolean): string {
  const hidden = without.flatMap((name) => FILES[name]).map((file) => `mount --bind /dev/null ${file}`);
  return ['ip link set lo up', 'mount -t tmpfs run /run', 'mount -t tmpfs cni /var/lib/cni', OWN_SYS, ...hidden, ...(legacy ? [LEGACY] : [])].join(' && ');
}

async function hold(flags: readonly string[], setUp: string): Promise<ChildProcess> {
  const child = spawn('unshare', [...flags, 'sh', '-c', `${setUp} && echo ready && exec sleep infinity`], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout!.once('data', () => resolve());
    child.once('close', (code) => reject(new Error(`a namespace was not made: ${code}`)));
  });
  return child;
}

async function link(host: NetHost, worldPid: number): Promise<void> {
  const both = (name: string, { four, six }: typeof ADDRESS): string =>
    `ip addr add ${four}/24 dev ${name} && ip -6 addr add ${six}/64 dev ${name} nodad && ip link set ${name} up`;
  await host.run(['sh', '-c', `ip link add up0 type veth peer name down0 && ip link set down0 netns ${worldPid} && ${both('up0', ADDRESS)}`]);
  await host.runOutside(['sh', '-c', `ip link set down0 up && ${both('down0', WORLD)}`]);
  const switches = 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding';
  await host.run(['sh', '-c', switches]);
}

async function checked(args: readonly string[], { status, ...options }: HostRunOptions = {}): Promise<RunResult> {
  const [program, ...rest] = args as [string, ...string[]];
  const result = await run(program, rest, options);
  if (status === 'any' || result.status === 0) return result;
  throw new Error(`${args.join(' ')}: exit status ${result.status}\n${result.output}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    for (let i = 0; i < 100 && child.exitCode === null && child.signalCode === null; i++) await sleep(20);
  }
}
