import type { DnsConfMode, RunArgs } from './types.ts';

/** The newest interface version we speak. */
export const INTERFACE_VERSION = 6;

/** One argument of `/run`: the interface version that brought it, and its text for given values (none: left out). */
interface RunArgument {
  readonly since: number;
  readonly render: (args: RunArgs) => string | undefined;
  readonly name: string;
}

const flag = (on: boolean, text: string): string | undefined => (on ? text : undefined);
const valued = (name: string, value: string): string | undefined => (value === '' ? undefined : `${name}=${value}`);

const RUN_ARGUMENTS: readonly RunArgument[] = [
  { since: 1, name: '--debug', render: (args) => flag(args.debug, '--debug') },
  { since: 1, name: '--net', render: (args) => `--net=${args.net}` },
  { since: 1, name: '--interactive', render: (args) => flag(args.interactive, '--interactive') },
  { since: 1, name: '--private-users', render: (args) => valued('--private-users', args.privateUsers) },
  { since: 1, name: '--mds-token', render: (args) => valued('--mds-token', args.mdsToken ?? '') },
  { since: 1, name: '--local-config', render: (args) => valued('--local-config', args.localConfig) },
  { since: 2, name: '--hostname', render: (args) => valued('--hostname', args.hostname) },
  { since: 4, name: '--dns-conf-mode', render: renderDnsConfMode },
  {
    since: 3,
    name: '--disable-capabilities-restriction',
    render: (args) => flag(args.disableCapabilitiesRestriction, '--disable-capabilities-restriction'),
  },
  { since: 3, name: '--disable-paths', render: (args) => flag(args.disablePaths, '--disable-paths') },
  { since: 3, name: '--disable-seccomp', render: (args) => flag(args.disableSeccomp, '--disable-seccomp') },
  { since: 5, name: '--mutable', render: (args) => flag(args.mutable, '--mutable') },
  { since: 6, name: '--ipc', render: (args) => flag(args.ipc !== 'auto', `--ipc=${args.ipc}`) },
];

function renderDnsConfMode(args: RunArgs): string | undefined {
  const { resolv, hosts } = args.dnsConfMode;
  return flag(resolv !== 'default' || hosts !== 'default', `--dns-conf-mode=resolv=${resolv},hosts=${hosts}`);
}

/** Arguments the stage1 of that version does not know are left out and returned by name, to warn of. */
export function renderRunArgs(
  args: RunArgs,
  interfaceVersion: number,
): { readonly argv: readonly string[]; readonly unsupported: readonly string[] } {
  const argv: string[] = [];
  const unsupported: string[] = [];
  for (const argument of RUN_ARGUMENTS) {
    const text = argument.render(args);
    if (text === undefined) continue;
    if (argument.since <= interfaceVersion) argv.push(text);
    else unsupported.push(argument.name);
  }
  return { argv: [...argv, args.uuid], unsupported };
}

const DEFAULTS: RunArgs = {
  uuid: '',
  debug: false,
  net: 'default',
  interactive: false,
  localConfig: '',
  privateUsers: '',
  hostname: '',
  disableCapabilitiesRestriction: false,
  disablePaths: false,
  disableSeccomp: false,
  dnsConfMode: { resolv: 'default', hosts: 'default' },
  mutable: false,
  ipc: 'auto',
};

type Setter = (value: string) => Partial<RunArgs>;

const isTrue = (value: string): boolean => value === '' || value === 'true';

const SETTERS: Readonly<Record<string, Setter>> = {
  '--debug': (value) => ({ debug: isTrue(value) }),
  '--net': (value) => ({ net: value === '' ? 'default' : value }),
  '--interactive': (value) => ({ interactive: isTrue(value) }),
  '--private-users': (value) => ({ privateUsers: value }),
  '--mds-token': (value) => ({ mdsToken: value }),
  '--local-config': (value) => ({ localConfig: value }),
  '--hostname': (value) => ({ hostname: value }),
  '--dns-conf-mode': (value) => ({ dnsConfMode: parseDnsConfMode(value) }),
  '--disable-capabilities-restriction': (value) => ({ disableCapabilitiesRestriction: isTrue(value) }),
  '--disable-paths': (value) => ({ disablePaths: isTrue(value) }),
  '--disable-seccomp': (value) => ({ disableSeccomp: isTrue(value) }),
  '--mutable': (value) => ({ mutable: isTrue(value) }),
  '--ipc': (value) => ({ ipc: parseIpc(value) }),
};

/** Reads what {@link renderRunArgs} wrote. @throws Error on an argument of no known version */
export function parseRunArgs(argv: readonly string[]): RunArgs {
  let args = DEFAULTS;
  for (const text of argv) {
    if (!text.startsWith('-')) {
      args = { ...args, uuid: text };
      continue;
    }
    const [name, ...rest] = text.split('=');
    const set = SETTERS[name!];
    if (set === undefined) throw new Error(`unknown stage1 run argument ${text}`);
    args = { ...args, ...set(rest.join('=')) };
  }
  if (args.uuid === '') throw new Error('stage1 run needs the UUID of the pod');
  return args;
}

function parseDnsConfMode(text: string): RunArgs['dnsConfMode'] {
  const modes: Record<string, DnsConfMode> = { resolv: 'default', hosts: 'default' };
  for (const part of text.split(',')) {
    const [name = '', mode = ''] = part.split('=');
    if (!(name in modes) || !['host', 'stage0', 'none', 'default'].includes(mode)) {
      throw new Error(`bad stage1 dns-conf-mode ${text}`);
    }
    modes[name] = mode as DnsConfMode;
  }
  return { resolv: modes['resolv']!, hosts: modes['hosts']! };
}

function parseIpc(text: string): RunArgs['ipc'] {
  if (text === 'auto' || text === 'private' || text === 'parent') return text;
  throw new Error(`bad stage1 ipc mode ${text}`);
}
