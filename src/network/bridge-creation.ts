import { type Lock, lockPath, readTextIfExists } from '#sys';
import { NAMESPACES } from './pod-namespace.ts';

/** In /sys/class/net: the address was set, the kernel changes it no more (NET_ADDR_SET of linux/netdevice.h). */
const ADDRESS_WAS_SET = '3';

/**
 * Held while a plugin runs that may be the one to make a bridge; undefined where the bridge is there and complete.
 *
 * The plugin `bridge` sets the link-layer address that the bridge has at that moment, as by itself a bridge takes the
 * lowest of its ports. Two that make one bridge at once each set another: a pod that has asked for the gateway in
 * between goes on sending to an address that nobody has, for half a minute or longer.
 */
export function lockBridgeCreation(bridge: string | undefined): Lock | undefined {
  if (bridge === undefined || isComplete(bridge)) return undefined;
  const lock = lockPath(NAMESPACES, 'directory', 'exclusive', { wait: true });
  if (!isComplete(bridge)) return lock;
  lock?.release();
  return undefined;
}

function isComplete(bridge: string): boolean {
  return readTextIfExists(`/sys/class/net/${bridge}/addr_assign_type`)?.trim() === ADDRESS_WAS_SET;
}
