import { findProgram, inNetworkNamespace, runProgram } from '#sys';
import { NetworkError } from './errors.ts';

export interface BandwidthRequest {
  readonly netns: string;
  readonly interfaces: readonly string[];
  /** In each direction of each interface. */
  readonly bytesPerSecond: number;
  /** See {@link PluginContext.lockFd}. */
  readonly lockFd: number | undefined;
}

/** What may pass at once: one big segment, or a hundredth of a second. */
const LEAST_BURST = 65_536;
const BURSTS_PER_SECOND = 100;
/** How long a packet waits at most. */
const LATENCY = '50ms';

/**
 * Bounds what a pod sends and receives, by token buckets in its own network namespace, with which they go. What comes in
 * is led through a link of the kind ifb, since only what goes out waits in a queue. Whatever kind of network it is.
 *
 * @throws {NetworkError} `bandwidth-failed`
 */
export async function limitBandwidth(request: BandwidthRequest): Promise<void> {
  await feed('ip', request, planLinks(request));
  await feed('tc', request, planQueues(request));
}

function incoming(name: string): string {
  return `in-${name}`;
}

/** The input of `ip -batch`. */
export function planLinks({ interfaces }: Pick<BandwidthRequest, 'interfaces'>): string {
  return interfaces.map((name) => `link add ${incoming(name)} type ifb\nlink set ${incoming(name)} up\n`).join('');
}

/** The input of `tc -batch`. */
export function planQueues({ interfaces, bytesPerSecond }: Pick<BandwidthRequest, 'interfaces' | 'bytesPerSecond'>): string {
  const burst = Math.max(LEAST_BURST, Math.ceil(bytesPerSecond / BURSTS_PER_SECOND));
  const bucket = `root tbf rate ${bytesPerSecond}bps burst ${burst} latency ${LATENCY}`;
  return interfaces
    .flatMap((name) => [
      `qdisc add dev ${name} ${bucket}`,
      `qdisc add dev ${incoming(name)} ${bucket}`,
      `qdisc add dev ${name} ingress`,
      `filter add dev ${name} parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev ${incoming(name)}`,
      '',
    ])
    .join('\n');
}

async function feed(name: 'ip' | 'tc', { netns, lockFd }: BandwidthRequest, input: string): Promise<void> {
  const program = findProgram(name);
  if (program === undefined) {
    throw new NetworkError('bandwidth-failed', `${name} is not installed, and the pod's network bandwidth cannot be limited`, {
      hint: 'Debian has it in the package iproute2',
    });
  }
  const options = { input, ...(lockFd === undefined ? {} : { inherit: lockFd }) };
  const { status, stderr } = await inNetworkNamespace(netns, () => runProgram(program, ['-batch', '-'], options));
  if (status !== 0) throw new NetworkError('bandwidth-failed', `cannot limit the pod's network bandwidth: ${name}: ${stderr.trim()}`);
}
