import { closeSync, constants, openSync, readSync, type Stats, fstatSync } from 'node:fs';

/** As much of a file as the kernel looks at for a `#!` line (BINPRM_BUF_SIZE), and enough for ELF headers. */
const HEAD = 4096;
const LINE = 256;

const PT_INTERP = 3;

/**
 * What the kernel loads to execute a file: the program of its `#!` line, or the loader an ELF file names;
 * undefined for a program that needs neither, and for what is no program (elf(5), execve(2)).
 */
export function readInterpreter(file: string): string | undefined {
  const head = readHead(file);
  if (head === undefined) return undefined;
  if (head.toString('latin1', 0, 2) === '#!') return scriptInterpreter(head);
  return head.toString('latin1', 0, 4) === '\x7fELF' ? elfInterpreter(head) : undefined;
}

function scriptInterpreter(head: Buffer): string | undefined {
  const line = head.toString('utf8', 2, LINE).split('\n')[0]!;
  const program = line.trim().split(/[ \t]/)[0]!;
  return program.startsWith('/') ? program : undefined;
}

/** Files of the other byte order are none this machine could execute. */
function elfInterpreter(head: Buffer): string | undefined {
  const is64 = head[4] === 2;
  const number = (at: number): number => (is64 ? Number(head.readBigUInt64LE(at)) : head.readUInt32LE(at));
  const headers = is64 ? { at: number(32), size: 54, count: 56 } : { at: number(28), size: 42, count: 44 };
  const size = head.readUInt16LE(headers.size);
  for (let index = 0; index < head.readUInt16LE(headers.count); index++) {
    const at = headers.at + index * size;
    if (at + size > head.length) return undefined;
    if (head.readUInt32LE(at) !== PT_INTERP) continue;
    const start = number(at + (is64 ? 8 : 4));
    const length = number(at + (is64 ? 32 : 16));
    const path = head.toString('utf8', start, start + length).replace(/\0.*$/s, '');
    return path.startsWith('/') ? path : undefined;
  }
  return undefined;
}

/** Undefined for anything but a plain file; a FIFO of the image must not hold us up. */
function readHead(file: string): Buffer | undefined {
  const fd = open(file);
  if (fd === undefined) return undefined;
  try {
    const stat: Stats = fstatSync(fd);
    if (!stat.isFile()) return undefined;
    const buffer = Buffer.alloc(HEAD);
    const length = readSync(fd, buffer, 0, HEAD, 0);
    return length < 64 && buffer[0] === 0x7f ? undefined : buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

function open(file: string): number | undefined {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
}
