import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { programSource, recordCodeCache } from './code-cache.ts';
import { root } from './root.ts';
import { retagKeptCode, V8_FLAGS } from './v8-flags.ts';

/**
 * What the runtime is started with. No NODE_OPTIONS reach it, and SIGUSR1 opens no debugger. With a young generation
 * of 4 MB instead of 1 a run ends before the first collection, and what downloads, where garbage holds buffers, stays small.
 * One thread of V8's is enough for what it does beside the program.
 */
const ARGUMENTS = ['--disable-warning=ExperimentalWarning', '--disable-sigusr1', '--v8-pool-size=1', '--min-semi-space-size=4', ...V8_FLAGS];

const LOADER = 'scripts/build/loader.cjs';
const RECORDER = 'scripts/build/recorder.cjs';

interface Parts {
  readonly main: string;
  readonly assets: Readonly<Record<string, string>>;
}

/** Joins the bundled script and Node into one executable; the old one is replaced at once (rename). */
export function makeExecutable(script: string, path: string): void {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'executable-'));
  try {
    const node = preparedNode(cache);
    const program = join(work, 'program.js');
    writeFileSync(program, programSource(script), 'latin1');
    const recorder = join(work, 'recorder');
    joinExecutable(node, { main: RECORDER, assets: { program } }, recorder);
    for (const name of ['confine', 'stage1-oci.aci', 'openpgp.mjs', 'sigstore.cjs']) copyFileSync(join(dirname(path), name), join(work, name));
    const codeCache = join(work, 'code-cache');
    recordCodeCache(recorder, work, codeCache);
    refuseRejected(program, codeCache);
    const output = join(work, 'rkt');
    joinExecutable(node, { main: LOADER, assets: { program, 'code-cache': codeCache } }, output);
    renameSync(output, path);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function joinExecutable(node: string, { main, assets }: Parts, output: string): void {
  const configuration = {
    main: join(root, main),
    executable: node,
    output,
    assets,
    useCodeCache: true,
    disableExperimentalSEAWarning: true,
    execArgv: ARGUMENTS,
    execArgvExtension: 'none',
  };
  writeFileSync(`${output}.json`, JSON.stringify(configuration));
  execFileSync(process.execPath, [...V8_FLAGS, '--build-sea', `${output}.json`], { stdio: ['ignore', 'ignore', 'pipe'] });
  chmodSync(output, 0o755);
}

/** @throws where the program would be compiled at every start */
function refuseRejected(program: string, codeCache: string): void {
  const options = `{ cachedData: fs.readFileSync(${JSON.stringify(codeCache)}) }`;
  const rejected = `new vm.Script(fs.readFileSync(${JSON.stringify(program)}, 'latin1'), ${options}).cachedDataRejected`;
  const answer = execFileSync(process.execPath, [...V8_FLAGS, '-p', rejected], { encoding: 'utf8' });
  if (answer !== 'false\n') throw new Error('V8 rejects the code that was recorded of the program');
}

/** Node without its symbols, a fifth smaller, and with its modules compiled for our flags; made once a version. */
function preparedNode(cache: string): string {
  const flags = createHash('sha256').update(V8_FLAGS.join(' ')).digest('hex').slice(0, 8);
  const path = join(cache, `node-${process.version}-${flags}`);
  if (existsSync(path)) return path;
  const temporary = `${path}.${process.pid}`;
  copyFileSync(process.execPath, temporary);
  execFileSync('strip', [temporary], { stdio: 'inherit' });
  retagKeptCode(temporary);
  renameSync(temporary, path);
  return path;
}
