import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compileCode } from './compiled-code.ts';
import { root } from './root.ts';

/**
 * What the runtime is started with. No NODE_OPTIONS reach it, and SIGUSR1 opens no debugger. V8 flags
 * are left alone: any that changes its flag hash makes it reject Node's own code cache, 8 ms a start.
 */
const ARGUMENTS = ['--disable-warning=ExperimentalWarning', '--disable-sigusr1'];

/**
 * Joins the bundled program, the code compiled for it and Node into one executable; the old one is replaced at
 * once (rename). The stage1 image must be beside it already.
 */
export function makeExecutable(program: string, path: string): void {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'executable-'));
  try {
    const executable = join(work, 'rkt');
    for (const name of readdirSync(dirname(path)).filter((file) => file.endsWith('.aci'))) {
      copyFileSync(join(dirname(path), name), join(work, name));
    }
    writeFileSync(join(work, 'no-code'), '');
    assemble(executable, { program, code: join(work, 'no-code') });
    assemble(executable, { program, code: compileCode(program, executable, work) });
    renameSync(executable, path);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** `parts`: the files that start.cjs finds in the executable, by name. */
function assemble(executable: string, parts: Readonly<Record<string, string>>): void {
  const configuration = {
    main: join(root, 'scripts/build/start.cjs'),
    executable: strippedNode(join(root, '.cache')),
    output: executable,
    assets: parts,
    useCodeCache: true,
    disableExperimentalSEAWarning: true,
    execArgv: ARGUMENTS,
    execArgvExtension: 'none',
  };
  writeFileSync(`${executable}.json`, JSON.stringify(configuration));
  const options = { stdio: ['ignore', 'ignore', 'pipe'] as ('ignore' | 'pipe')[] };
  execFileSync(process.execPath, ['--build-sea', `${executable}.json`], options);
  chmodSync(executable, 0o755);
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
