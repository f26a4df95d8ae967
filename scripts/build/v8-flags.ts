import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * V8 flags of the program. It runs for some tens of milliseconds, in which V8 would begin to compile to machine code what
 * never runs long enough to be the faster for it, on threads that all have to be started. Work that takes longer, as
 * unpacking, is compiled as ever, only somewhat later; the baseline compiler alone is left out.
 */
export const V8_FLAGS = [
  '--no-sparkplug',
  '--invocation-count-for-feedback-allocation=40',
  '--invocation-count-for-maglev=4000',
  '--invocation-count-for-maglev-osr=1000',
  '--single-threaded-gc',
];

/** At its start code that V8 has kept says what it is of: magic number, version, source, flags, four bytes each. */
const HEADER = 16;
const VERSION_END = 8;
const FLAGS_START = 12;

/**
 * Marks the compiled code of Node's own modules, which is in its executable, as compiled with {@link V8_FLAGS}. V8
 * rejects code from under other flags, whichever they are, and compiling it anew takes 20 ms a start. These flags change
 * nothing in bytecode, which is all that is kept.
 */
export function retagKeptCode(executable: string): void {
  const node = readFileSync(executable);
  const from = keptCodeHeader([]);
  const to = keptCodeHeader(V8_FLAGS);
  const origin = from.subarray(0, VERSION_END);
  for (let at = node.indexOf(origin); at !== -1; at = node.indexOf(origin, at + HEADER)) {
    const isKept = node.compare(from, FLAGS_START, HEADER, at + FLAGS_START, at + HEADER) === 0;
    if (isKept) to.copy(node, at + FLAGS_START, FLAGS_START, HEADER);
  }
  writeFileSync(executable, node);
  refuseCompiling(executable);
}

function keptCodeHeader(flags: readonly string[]): Buffer {
  const print = `process.stdout.write(new (require('node:vm').Script)('0').createCachedData().subarray(0, ${HEADER}))`;
  return execFileSync(process.execPath, [...flags, '-e', print]);
}

/** @throws where a module of Node's is compiled under our flags though its code was kept */
function refuseCompiling(node: string): void {
  const compiled = `require('node:https'); process.stdout.write([...require('internal/test/binding').internalBinding('builtins').getCacheUsage().compiledWithoutCache].join())`;
  const modules = execFileSync(node, [...V8_FLAGS, '--no-warnings', '--expose-internals', '-e', compiled], { encoding: 'utf8' });
  if (modules !== '') throw new Error(`V8 rejects what Node keeps of ${modules}`);
}
