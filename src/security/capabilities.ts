import type { IsolatorValue } from '#appc';
import { SecurityError } from './errors.ts';

/** What an app may have when its image says nothing (appc spec/ace.md, Linux isolators). */
const DEFAULT_CAPABILITIES: readonly string[] = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETUID',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETFCAP',
  'CAP_SYS_CHROOT',
];

/** By number, as capability.h has them. */
const ALL_CAPABILITIES: readonly string[] = `
  CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT
  SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
  AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
  PERFMON BPF CHECKPOINT_RESTORE`
  .trim()
  .split(/\s+/)
  .map((name) => `CAP_${name}`);

/**
 * The bounding set of an app: `retain` replaces the default, `remove` takes from it.
 *
 * `insecure` (--insecure-options=capabilities): every capability there is.
 *
 * @throws {SecurityError} where both kinds of isolator are given
 */
export function planCapabilities(isolators: readonly IsolatorValue[], insecure: boolean): string[] {
  if (insecure) return [...ALL_CAPABILITIES];
  const retain = namesOf(isolators, 'caps-retain');
  const remove = namesOf(isolators, 'caps-remove');
  if (retain.length > 0 && remove.length > 0) {
    throw new SecurityError(
      'capabilities-conflict',
      'cannot have both os/linux/capabilities-retain-set and os/linux/capabilities-remove-set',
    );
  }
  if (retain.length > 0) return [...new Set(retain)];
  return DEFAULT_CAPABILITIES.filter((name) => !remove.includes(name));
}

function namesOf(isolators: readonly IsolatorValue[], kind: 'caps-retain' | 'caps-remove'): string[] {
  return isolators.flatMap((isolator) => (isolator.kind === kind ? isolator.set : []));
}

/** Whether Linux has a capability of that name: `CAP_NET_ADMIN`. */
export function isCapability(name: string): boolean {
  return ALL_CAPABILITIES.includes(name);
}

/** The names in a mask of capabilities as /proc/PID/status shows one, 16 hex digits. */
export function parseCapabilityMask(hex: string): string[] {
  const mask = BigInt(`0x${hex}`);
  return ALL_CAPABILITIES.filter((_, number) => (mask >> BigInt(number)) & 1n);
}
