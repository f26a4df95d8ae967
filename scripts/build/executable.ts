import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.ts';

/**
 * What the runtime is started with. No NODE_OPTIONS reach it, and SIGUSR1 opens no debugger. V8 flags
 * are left alone: any that changes its flag hash makes it reject Node's own code cache, 8 ms a start.
 */
const ARGUMENTS = ['--disable-warning=ExperimentalWarning', '--disable-sigusr1'];

/** Joins the bundled script and Node into one executable; the old one is replaced at once (rename). */
export function makeExecutable(script: string, path: string): void {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'executable-'));
  try {
    const configuration = {
      main: script,
      executable: strippedNode(cache),
      output: join(work, 'rkt'),
      useCodeCache: true,
      disableExperimentalSEAWarning: true,
      execArgv: ARGUMENTS,
      execArgvExtension: 'none',
    };
    writeFileSync(join(work, 'configuration.json'), JSON.stringify(configuration));
    const options = { stdio: ['ignore', 'ignore', 'pipe'] as ('ignore' | 'pipe')[] };
    execFileSync(process.execPath, ['--build-sea', join(work, 'configuration.json')], options);
    chmodSync(join(work, 'rkt'), 0o755);
    renameSync(join(work, 'rkt'), path);
  } finally {
    rmSync(work, { recursive: true });
  }
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
