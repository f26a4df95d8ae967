import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { podFiles } from '#pod';
import { findProgram, readTextIfExists, runProgram, writeFileAtomic } from '#sys';
import { messageOf } from '#errors';
import { NetworkError } from './errors.ts';
import { planIptables, planRuleRemoval } from './iptables-rules.ts';
import { type Masquerading, planNftLoopback, planNftRemoval, planNftTable, tableOf } from './nft-rules.ts';
import type { PluginContext } from './plugin.ts';
import { type Family, interfacesWith, isOnLoopback, type Publishing, routeLocalAddresses } from './published-ports.ts';

/** The pod the rules are for; see {@link PluginContext}. */
export type RuleOwner = Pick<PluginContext, 'podDir' | 'uuid' | 'lockFd'>;

/** Programs of the host that hold rules: `nft`, or a family of iptables by its first word, `iptables-legacy`. */
type Backend = 'nft' | IptablesName;
type IptablesName = (typeof IPTABLES)[number];

/** What an administrator has chosen first. */
const IPTABLES = ['iptables', 'iptables-nft', 'iptables-legacy'] as const;
/** Which of them have rules of the pod, a name a line. */
const FILE = `${podFiles.net}/packet-filter`;

function programOf(name: IptablesName, family: Family, what: 'save' | 'restore'): string | undefined {
  return findProgram(`${family === 4 ? name : name.replace('iptables', 'ip6tables')}-${what}`);
}

/** iptables where there is one: CNI plugins use it too, and two who translate addresses should go the same way. */
export function chooseBackend(): Backend | undefined {
  const iptables = IPTABLES.find((name) => programOf(name, 4, 'restore') !== undefined);
  if (iptables !== undefined) return meantBy(iptables);
  return findProgram('nft') === undefined ? undefined : 'nft';
}

/** What `iptables` leads to today: rules are to be found again when it leads elsewhere. */
function meantBy(name: IptablesName): IptablesName {
  const program = programOf(name, 4, 'restore');
  const variant = program === undefined ? undefined : /xtables-(nft|legacy)-multi$/.exec(realpathSync(program))?.[1];
  const full = variant === 'nft' || variant === 'legacy' ? (`iptables-${variant}` as const) : name;
  return programOf(full, 4, 'restore') === undefined ? name : full;
}

/** Plugins can masquerade: those of today's distributions start iptables for it. */
export function pluginsCanMasquerade(): boolean {
  return findProgram('iptables') !== undefined || findProgram('nft') === undefined;
}

/** @throws {NetworkError} `ports-failed` */
export async function publish(owner: RuleOwner, publishings: readonly Publishing[], masquerading: readonly Masquerading[]): Promise<void> {
  if (publishings.length + masquerading.length === 0) return;
  const backend = masquerading.length > 0 ? 'nft' : chooseBackend();
  if (backend === undefined) {
    throw new NetworkError('ports-failed', 'neither iptables nor nft is installed', { hint: 'one of them forwards the ports: install it' });
  }
  const wanted = publishings.map(withLoopback);
  const backends = new Set([backend, ...(wanted.some(({ loopback }) => loopback !== undefined) ? ['nft'] : [])]);
  mkdirSync(`${owner.podDir}/${podFiles.net}`, { recursive: true, mode: 0o755 });
  writeFileAtomic(`${owner.podDir}/${FILE}`, [...backends, ''].join('\n'));
  for (const { target } of publishings) routeLocalAddresses(target);
  if (backend === 'nft') return feed(owner, 'nft', ['-f', '-'], planNftTable(owner.uuid, wanted, masquerading));
  for (const each of wanted) await restore(owner, backend, each.target.family, planIptables(owner.uuid, await reachLoopback(owner, each)));
}

/**
 * Has `::1` lead to the pod too, where nft can rewrite for it, and the host has an address on the pod's network.
 *
 * @throws {NetworkError} `ports-failed` for a port on `::1` alone, where not
 */
function withLoopback(publishing: Publishing): Publishing {
  const { target: { family, hostIP }, ports } = publishing;
  if (family !== 6 || !ports.some(isOnLoopback)) return publishing;
  if (findProgram('nft') === undefined) return withoutLoopback(publishing, 'nft is not installed');
  if (hostIP === undefined || interfacesWith(hostIP).length === 0) return withoutLoopback(publishing, "the host has no IPv6 address on the pod's network");
  return { ...publishing, loopback: { hostIP, clientPorts: readClientPorts() } };
}

/** ip(7), ip_local_port_range: of IPv6 too. */
function readClientPorts(): [number, number] {
  const [first = 0, last = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
  return [first, last];
}

function withoutLoopback({ target, ports }: Publishing, reason: string): Publishing {
  if (!ports.some(({ hostIP }) => hostIP === '::1')) return { target, ports };
  throw new NetworkError('ports-failed', `cannot publish a port on ::1: ${reason}`, { hint: '127.0.0.1 can be published on' });
}

/** Beside iptables, which cannot do it. A kernel may have no nf_tables. */
async function reachLoopback(owner: RuleOwner, publishing: Publishing): Promise<Publishing> {
  if (publishing.loopback === undefined) return publishing;
  try {
    await feed(owner, 'nft', ['-f', '-'], planNftLoopback(owner.uuid, publishing));
    return publishing;
  } catch (error) {
    return withoutLoopback(publishing, messageOf(error));
  }
}

function restore(owner: RuleOwner, name: IptablesName, family: Family, rules: string): Promise<void> {
  const program = programOf(name, family, 'restore') ?? `${name}-restore for IPv${family}`;
  return feed(owner, program, ['--noflush', '--wait', '10'], rules);
}

async function feed({ lockFd }: RuleOwner, name: string, args: readonly string[], input: string, harmless?: RegExp): Promise<void> {
  const program = findProgram(name.slice(name.lastIndexOf('/') + 1));
  if (program === undefined) throw new NetworkError('ports-failed', `${name} is not installed`);
  const { status, stderr } = await runProgram(program, args, { input, ...(lockFd === undefined ? {} : { inherit: lockFd }) });
  if (status !== 0 && harmless?.test(stderr) !== true) throw new NetworkError('ports-failed', `${program.slice(program.lastIndexOf('/') + 1)}: ${stderr.trim()}`);
}

/**
 * Removes every rule that was made for a pod: our own for ports, and those for masquerading that a plugin
 * could not find again because the pod's namespace had gone.
 *
 * @throws {NetworkError} `ports-failed` naming all that could not be removed
 */
export async function removeRules(owner: RuleOwner): Promise<void> {
  const recorded = (readTextIfExists(`${owner.podDir}/${FILE}`) ?? '').split('\n');
  const names = new Set([meantBy('iptables'), ...IPTABLES.filter((name) => recorded.includes(name))]);
  const families: readonly Family[] = [4, 6];
  const results = await Promise.allSettled([
    ...(recorded.includes('nft') ? [removeTable(owner)] : []),
    ...[...names].flatMap((name) => families.map((family) => removeFromIptables(owner, name, family))),
  ]);
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []));
  if (failures.length > 0) throw new NetworkError('ports-failed', failures.join('; '));
}

async function removeTable(owner: RuleOwner): Promise<void> {
  const program = findProgram('nft');
  // After a reboot without the program there is no table either; with a table it cannot have gone.
  if (program === undefined) throw new NetworkError('ports-failed', `nft is not installed and cannot delete table ${tableOf(owner.uuid)}`);
  // A kernel without nf_tables has none in it.
  await feed(owner, 'nft', ['-f', '-'], planNftRemoval(owner.uuid), /Protocol not supported/);
}

async function removeFromIptables(owner: RuleOwner, name: IptablesName, family: Family): Promise<void> {
  const program = programOf(name, family, 'save');
  if (program === undefined) return;
  const { status, stdout, stderr } = await runProgram(program, ['-t', 'nat'], {});
  // A kernel without the table has no rules in it.
  if (status !== 0 && /does not exist|not supported/i.test(stderr)) return;
  if (status !== 0) throw new NetworkError('ports-failed', `${name}-save: ${stderr.trim()}`);
  const rules = planRuleRemoval(stdout, owner.uuid);
  if (rules !== undefined) await restore(owner, name, family, rules);
}
