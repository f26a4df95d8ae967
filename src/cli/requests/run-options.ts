import type { RunOptions } from '#stage0';
import type { FlagValues } from '../flags/flag-values.ts';
import { dnsOptions } from './dns-options.ts';
import { hostsOptions } from './hosts-options.ts';
import { netOption } from './net-option.ts';

export function runOptions(flags: FlagValues): RunOptions {
  return {
    net: netOption(flags),
    interactive: flags.bool('interactive'),
    dns: dnsOptions(flags),
    hosts: hostsOptions(flags),
    hostname: flags.optional('hostname'),
    mdsRegister: flags.bool('mds-register'),
    ipc: (flags.optional('ipc') ?? 'auto') as RunOptions['ipc'],
  };
}
