import { readFileSync } from 'node:fs';

/** Set by rkt where it starts itself as root of a user namespace, for a user who is not root (docs/rootless.md). */
export const ROOTLESS_VARIABLE = 'RKT_ROOTLESS';

/** Whether this process is root of a user namespace that an ordinary user has entered for rkt. */
export function isRootless(): boolean {
  return process.env[ROOTLESS_VARIABLE] !== undefined && isInUserNamespace();
}

const ALL_IDS = /^\s*0\s+0\s+4294967295\s*$/;
let inside: boolean | undefined;

/** Whether root here is not that of the kernel: attributes `trusted.*` and devices are not for it. */
export function isInUserNamespace(): boolean {
  return (inside ??= !ALL_IDS.test(readFileSync('/proc/self/uid_map', 'utf8')));
}
