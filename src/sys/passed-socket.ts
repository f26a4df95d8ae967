import { existsSync } from 'node:fs';
import { call, tryCall } from './linux.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const PROTOCOLS: Readonly<Record<number, 'tcp' | 'udp'>> = { 1: 'tcp', 2: 'udp' };
const FIRST_PASSED = 3;
/** Of a sockaddr_storage. */
const ADDRESS_SIZE = 128;

/** Where a socket of the internet listens; undefined for any other descriptor. */
export function boundPort(fd: number): { readonly protocol: 'tcp' | 'udp'; readonly port: number } | undefined {
  const address = Buffer.alloc(ADDRESS_SIZE);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(ADDRESS_SIZE);
  if (tryCall('getsockname', fd, address, length).result < 0) return undefined;
  const family = address.readUInt16LE(0);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const type = Buffer.alloc(4);
  length.writeUInt32LE(type.length);
  call('getsockopt', `descriptor ${fd}`, fd, SOL_SOCKET, SO_TYPE, type, length);
  const protocol = PROTOCOLS[type.readInt32LE(0)];
  return protocol === undefined ? undefined : { protocol, port: address.readUInt16BE(2) };
}

/** The descriptors that a service manager has passed to this process, whatever they are (sd_listen_fds(3)). */
export function passedDescriptors({ LISTEN_FDS: count, LISTEN_PID: pid }: Readonly<NodeJS.ProcessEnv>): number[] {
  if (count === undefined || !/^\d{1,4}$/.test(count) || pid !== String(process.pid)) return [];
  return Array.from({ length: Number(count) }, (_, at) => FIRST_PASSED + at).filter((fd) => existsSync(`/proc/self/fd/${fd}`));
}
