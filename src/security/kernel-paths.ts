/**
 * The parts of /proc and /sys that tell about the host or change it, as rkt always kept them from apps.
 * `--insecure-options=paths` leaves them open.
 */
const READ_ONLY: readonly string[] = [
  '/proc/bus',
  '/proc/sysrq-trigger',
  '/sys/block',
  '/sys/bus',
  '/sys/class',
  '/sys/dev',
  '/sys/devices',
  '/sys/kernel',
];

const MASKED: readonly string[] = [
  '/proc/config.gz',
  '/proc/kallsyms',
  '/proc/sched_debug',
  '/proc/kcore',
  '/proc/kmem',
  '/proc/mem',
  '/sys/firmware',
  '/sys/fs',
  '/sys/hypervisor',
  '/sys/module',
  '/sys/power',
];

/**
 * Later kernels than rkt 1.30 knew have more that no app should read: keys, timers, ACPI, SCSI; the energy a processor uses and
 * its interrupts, which tell what others compute and type. Or write: what the kernel logs.
 */
const MASKED_SINCE: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/dynamic_debug',
  '/proc/interrupts',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
];

/**
 * Also of the host, not of the pod: root could write them without a capability. What is the pod's own,
 * /proc/sys/net, stays.
 */
const READ_ONLY_SINCE: readonly string[] = [
  '/proc/fs',
  '/proc/irq',
  '/proc/sys/abi',
  '/proc/sys/crypto',
  '/proc/sys/debug',
  '/proc/sys/dev',
  '/proc/sys/fs',
  '/proc/sys/kernel',
  '/proc/sys/user',
  '/proc/sys/vm',
];

/** Paths an app sees as empty. Those the kernel does not have are skipped by the runtime. */
export function maskedPaths(insecure: boolean): string[] {
  return insecure ? [] : [...MASKED, ...MASKED_SINCE];
}

/** Paths an app can read and not write. */
export function readonlyPaths(insecure: boolean): string[] {
  return insecure ? [] : [...READ_ONLY, ...READ_ONLY_SINCE];
}
