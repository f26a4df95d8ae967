import { rmSync } from 'node:fs';
import { type NetInfo, podFiles, renderNetInfo } from '#pod';
import { findProgram, openNetworkNamespace, readTextIfExists, runProgram, startProgram, writeFileAtomic } from '#sys';
import { type Dns, dottedMask } from './cni-result.ts';
import { NetworkError } from './errors.ts';
import type { NetList } from './net-list.ts';
import { checkPorts, type PublishedPort } from './published-ports.ts';

export interface UserNetworkRequest {
  /** Absolute. */
  readonly podDir: string;
  readonly netList: NetList;
  readonly ports: readonly PublishedPort[];
}

export interface UserNetwork {
  /** An open network namespace, which is to outlive this program. */
  readonly fd: number;
  readonly dns: Dns | undefined;
}

const INTERFACE = 'eth0';
/** Where the pod asks for names: pasta hands that on to the host's name server, which may listen on the host's loopback. */
const NAME_SERVER = '169.254.1.1';
const PID_FILE = 'pasta.pid';
const READY_TIMEOUT_MS = 10_000;
const PACKAGES: Readonly<Record<string, string>> = { pasta: 'passt', ip: 'iproute2' };

/**
 * The network of a pod whose user is not root: pasta(1) carries connections between the pod's own network
 * namespace and the sockets of an ordinary process. It has the address of the host, and is killed when this
 * process, or what it becomes, ends.
 *
 * @throws {NetworkError}
 */
export async function setUpUserNetwork({ podDir, netList, ports }: UserNetworkRequest): Promise<UserNetwork> {
  refuseOthers(netList);
  checkPorts(ports);
  const [setpriv, pasta] = ['setpriv', 'pasta'].map(find);
  const fd = await openNetworkNamespace();
  const resolvConf = readTextIfExists('/etc/resolv.conf') ?? '';
  const hasNameServer = /^\s*nameserver\s/m.test(resolvConf);
  const pidFile = `${podDir}/${PID_FILE}`;
  const args = pastaArguments(ports, pidFile, hasNameServer);
  await start(setpriv!, ['--pdeathsig=KILL', '--', pasta!, ...args], fd, pidFile);
  rmSync(pidFile, { force: true });
  writeFileAtomic(`${podDir}/${podFiles.netInfo}`, renderNetInfo([await describe(fd)]));
  return { fd, dns: hasNameServer ? { nameservers: [NAME_SERVER], search: searchOf(resolvConf), options: [] } : undefined };
}

function refuseOthers(netList: NetList): void {
  const names = netList.kind === 'contained' && !netList.all ? netList.names : undefined;
  if (names?.length === 1 && names[0]!.name === 'default' && names[0]!.args === '') return;
  throw new NetworkError('network-not-found', 'networks of plugins take root: without it a pod has --net=default, host or none');
}

function find(name: string): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  throw new NetworkError('set-up-failed', `the network of a pod without root needs the program ${name}`, {
    hint: `install the package ${PACKAGES[name] ?? 'util-linux'}, or use --net=host or --net=none`,
  });
}

/**
 * Nothing is carried that was not asked for: pasta by itself would forward every port that either side listens
 * on, and take the gateway's address for the host's loopback.
 */
function pastaArguments(ports: readonly PublishedPort[], pidFile: string, hasNameServer: boolean): string[] {
  const forwarded = (option: string, protocol: string): string[] => {
    const own = ports.filter((port) => port.protocol === protocol);
    return own.length === 0 ? [option, 'none'] : own.flatMap((port) => [option, renderPort(port)]);
  };
  return [
    '--foreground', '--quiet', '--config-net', '--netns-only', '--no-map-gw', `--ns-ifname=${INTERFACE}`,
    '-T', 'none', '-U', 'none',
    ...forwarded('-t', 'tcp'),
    ...forwarded('-u', 'udp'),
    ...(hasNameServer ? [`--dns-forward=${NAME_SERVER}`] : []),
    `--pid=${pidFile}`,
    '--netns=/proc/self/fd/3',
  ];
}

function renderPort({ hostIP, hostPort, podPort }: PublishedPort): string {
  const ports = `${hostPort}:${podPort}`;
  return hostIP === undefined ? ports : `${hostIP}/${ports}`;
}

/** Returns when pasta has written its pid, which it does once it carries. @throws {NetworkError} with what it said */
async function start(path: string, args: readonly string[], namespaceFd: number, pidFile: string): Promise<void> {
  rmSync(pidFile, { force: true });
  const child = startProgram(path, args, { stdio: ['ignore', 'ignore', 'pipe', namespaceFd] });
  let complaint = '';
  let ended = false;
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.once('error', () => (ended = true));
  child.once('exit', () => (ended = true));
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while ((readTextIfExists(pidFile) ?? '') === '') {
    if (ended || Date.now() > deadline) {
      child.kill('SIGKILL');
      const said = complaint.split('\n').filter((line) => line !== '' && !line.includes('syslog')).join('; ');
      throw new NetworkError('set-up-failed', `pasta failed: ${said || 'it does not answer'}`, hintFor(said));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.stderr!.destroy();
  child.unref();
}

/** udev makes the device open to everybody, a machine without it may not. */
function hintFor(complaint: string): { hint?: string } {
  if (!complaint.includes('tun socket')) return {};
  return { hint: 'it needs /dev/net/tun to be open to this user (chmod 666 /dev/net/tun, as root); or run with --net=none or --net=host' };
}

/** A namespace that this process went into it could not leave: another program looks. */
async function describe(namespaceFd: number): Promise<NetInfo> {
  const look = ['--net=/proc/self/fd/3', '--', find('ip'), '-json', 'address', 'show', 'dev', INTERFACE, 'scope', 'global'];
  const { status, stdout, stderr } = await runProgram(find('nsenter'), look, { inherit: namespaceFd });
  if (status !== 0) throw new NetworkError('set-up-failed', `cannot find the address of the pod: ${stderr.trim()}`);
  const [link] = JSON.parse(stdout) as { readonly addr_info: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[] }[];
  const addresses = link?.addr_info ?? [];
  const address = addresses.find(({ family }) => family === 'inet') ?? addresses[0];
  const mask = address?.family === 'inet' ? dottedMask(address.prefixlen) : '';
  return { netName: 'default', netConf: '', pluginPath: 'pasta', ifName: INTERFACE, ip: address?.local ?? '', args: '', mask };
}

function searchOf(resolvConf: string): string[] {
  const lines = resolvConf.split('\n').map((line) => line.trim().split(/\s+/));
  return lines.findLast(([word]) => word === 'search')?.slice(1) ?? [];
}
