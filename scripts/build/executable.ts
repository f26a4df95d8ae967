import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { programSource, recordCodeCache } from './code-cache.ts';
import { root } from './root.ts';

/**
 * What the runtime is started with. No NODE_OPTIONS reach it, and SIGUSR1 opens no debugger. V8 flags
 * are left alone: any that changes its flag hash makes it reject Node's own code cache, 8 ms a start. The size
 * of the young generation does not count; with 4 MB instead of 1 a run ends before the first collection,
 * and what downloads, where garbage holds buffers, stays small.
 */
const ARGUMENTS = ['--disable-warning=ExperimentalWarning', '--disable-sigusr1', '--min-semi-space-size=4'];

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
    const node = strippedNode(cache);
    const program = join(work, 'program.js');
    writeFileSync(program, programSource(script), 'latin1');
    const recorder = join(work, 'recorder');
    joinExecutable(node, { main: RECORDER, assets: { program } }, recorder);
    for (const name of ['confine', 'stage1-oci.aci', 'openpgp.mjs', 'sigstore.cjs']) copyFileSync(join(dirname(path), name), join(work, name));
    const codeCache = join(work, 'code-cache');
    recordCodeCache(recorder, work, codeCache);
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
  execFileSync(process.execPath, ['--build-sea', `${output}.json`], { stdio: ['ignore', 'ignore', 'pipe'] });
  chmodSync(output, 0o755);
}

/** Node without its symbols, a fifth smaller; made once a version. */
function strippedNode(cache: string): string {
  const path = join(cache, `node-${process.version}`);
  if (existsSync(path)) return path;
  const temporary = `${path}.${process.pid}`;
  copyFileSync(process.execPath, temporary);
  execFileSync('strip', [temporary], { stdio: 'inherit' });
  renameSync(temporary, path);
  return path;
}
