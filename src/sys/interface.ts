import { closeSync } from 'node:fs';
import { call } from './linux.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SIOCGIFFLAGS = 0x8913n;
const SIOCSIFFLAGS = 0x8914n;
const IFF_UP = 1;
const IFREQ_SIZE = 40;
const IFREQ_FLAGS = 16;

/** Sets a network interface of this thread's network namespace up (netdevice(7)). @throws {SysError} */
export function bringUpInterface(name: string): void {
  const socket = call('socket', 'AF_INET', AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    const request = Buffer.alloc(IFREQ_SIZE);
    request.write(name, 0, IFREQ_FLAGS - 1, 'utf8');
    call('ioctl', `interface ${name}`, socket, SIOCGIFFLAGS, request);
    request.writeInt16LE(request.readInt16LE(IFREQ_FLAGS) | IFF_UP, IFREQ_FLAGS);
    call('ioctl', `interface ${name}`, socket, SIOCSIFFLAGS, request);
  } finally {
    closeSync(socket);
  }
}
