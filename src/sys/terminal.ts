import { call, tryCall } from './linux.ts';

/** isatty(3), without the cost of loading node:tty. */
export function isTerminal(fd: number): boolean {
  return tryCall('isatty', fd).result === 1;
}

const TCGETS = 0x5401n;
const TCSETS = 0x5402n;
/** asm-generic/termbits.h: four words of flags, the line discipline, then the control characters. */
const TERMIOS_SIZE = 64;
const [IFLAG, OFLAG, CFLAG, LFLAG, CHARACTERS] = [0, 4, 8, 12, 17];
const [VTIME, VMIN] = [5, 6];
/** As cfmakeraw(3): IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON; OPOST; ECHO ECHONL ICANON ISIG IEXTEN; CSIZE PARENB. */
const [INPUT, OUTPUT, LOCAL, CONTROL] = [0o2753, 0o1, 0o100113, 0o460];
const CS8 = 0o60;

/**
 * Takes the terminal for a program that has a terminal of its own elsewhere: nothing typed and nothing printed means
 * anything here. Node's raw mode still changes what is printed. The function given puts back what was.
 */
export function makeRaw(fd: number): () => void {
  const saved = Buffer.alloc(TERMIOS_SIZE);
  call('ioctl', `terminal ${fd}`, fd, TCGETS, saved);
  const raw = Buffer.from(saved);
  const clear = (at: number, bits: number): void => void raw.writeUInt32LE((raw.readUInt32LE(at) & ~bits) >>> 0, at);
  clear(IFLAG, INPUT);
  clear(OFLAG, OUTPUT);
  clear(LFLAG, LOCAL);
  clear(CFLAG, CONTROL);
  raw.writeUInt32LE(raw.readUInt32LE(CFLAG) | CS8, CFLAG);
  raw[CHARACTERS + VMIN] = 1;
  raw[CHARACTERS + VTIME] = 0;
  call('ioctl', `terminal ${fd}`, fd, TCSETS, raw);
  return () => tryCall('ioctl', fd, TCSETS, saved);
}
