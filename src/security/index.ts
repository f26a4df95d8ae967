/** From isolators and `--insecure-options` to what the kernel is told to keep from an app. Pure. */
export { isCapability, parseCapabilityMask, planCapabilities } from './capabilities.ts';
export { type DeviceNode, type DeviceRule, deviceRules, standardDevices } from './devices.ts';
export { SecurityError } from './errors.ts';
export { errnoNumber } from './errno.ts';
export { maskedPaths, readonlyPaths } from './kernel-paths.ts';
export { planNoNewPrivileges } from './no-new-privileges.ts';
export { planSeccomp, type SeccompFilter, type SeccompRule } from './seccomp.ts';
export { unknownSyscalls } from './syscall-names.ts';
export { checkSysctls, type PodNamespaces } from './sysctl.ts';
