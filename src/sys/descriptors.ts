import { addressOf, call } from './linux.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;

/** Bytes of struct msghdr and struct cmsghdr, and what is before the descriptors in our memory (64-bit machines). */
const HEADER = 56;
const CONTROL_HEADER = 16;
const CONTROL = 80;
const MOST_DESCRIPTORS = 4;
const SIZE = CONTROL + CONTROL_HEADER + 4 * MOST_DESCRIPTORS;

/** Two sockets that hand descriptors to each other, close-on-exec. */
export function openDescriptorSockets(): readonly [number, number] {
  const pair = Buffer.alloc(8);
  call('socketpair', '', AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/** Hands copies of descriptors to whoever has the other socket. It does not wait. @throws {SysError} EAGAIN, EPIPE */
export function sendDescriptors(socket: number, fds: readonly number[]): void {
  const message = makeMessage(fds.length);
  message.writeBigUInt64LE(BigInt(CONTROL_HEADER + 4 * fds.length), CONTROL);
  message.writeInt32LE(SOL_SOCKET, CONTROL + 8);
  message.writeInt32LE(SCM_RIGHTS, CONTROL + 12);
  for (const [index, fd] of fds.entries()) message.writeInt32LE(fd, CONTROL + CONTROL_HEADER + 4 * index);
  call('sendmsg', `socket ${socket}`, socket, message, MSG_DONTWAIT);
}

/** The descriptors that were sent first of those not yet received, the caller's to close. It does not wait. @throws {SysError} EAGAIN */
export function receiveDescriptors(socket: number, count: number): number[] {
  const message = makeMessage(count);
  call('recvmsg', `socket ${socket}`, socket, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const came = (Number(message.readBigUInt64LE(CONTROL)) - CONTROL_HEADER) / 4;
  if (came !== count) throw new Error(`${came} descriptors came, not ${count}`);
  return Array.from({ length: count }, (_, index) => message.readInt32LE(CONTROL + CONTROL_HEADER + 4 * index));
}

/** A struct msghdr with all it points to behind it (recvmsg(2), cmsg(3)): one byte of data, room for descriptors. */
function makeMessage(count: number): Buffer {
  if (count > MOST_DESCRIPTORS) throw new Error(`${count} descriptors at once`);
  // Memory of its own, which no collection moves.
  const message = Buffer.from(new ArrayBuffer(SIZE));
  const address = addressOf(message);
  const vector = BigInt(HEADER);
  message.writeBigUInt64LE(address + vector, 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(address + BigInt(CONTROL), 32);
  message.writeBigUInt64LE(BigInt(CONTROL_HEADER + 4 * Math.ceil(count / 2) * 2), 40);
  // struct iovec: the byte is the padding at the end of it.
  message.writeBigUInt64LE(address + BigInt(HEADER + 16), HEADER);
  message.writeBigUInt64LE(1n, HEADER + 8);
  return message;
}
