import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { Script } from 'node:vm';
import type { Recording } from './compiled-code.ts';

/**
 * Runs commands of the bundled program in this process, and writes the code that V8 compiled for them.
 *
 * The one argument is a `Recording`. A command that would become another process ends there; what a command
 * prints goes nowhere, and one that fails only leaves its code out.
 */
const { program, executable, output, prepare, commands } = JSON.parse(process.argv[2] ?? '') as Recording;
for (const command of prepare) spawnSync(executable, command, { stdio: 'ignore' });

const source = readFileSync(program, 'latin1');
const script = new Script(source, { filename: 'rkt.cjs' });
const require = createRequire(import.meta.url);
const exit = process.exit.bind(process);
process.execPath = executable;
(require('node:sea') as { isSea: () => boolean }).isSea = () => true;

for (const command of commands) {
  const ended = new Promise<void>((resolve) => {
    process.exit = (() => resolve()) as typeof process.exit;
    process.execve = () => {
      resolve();
      throw new Error('it goes on as another program');
    };
  });
  process.argv = [executable, executable, ...command];
  (script.runInThisContext() as (require: NodeJS.Require) => void)(require);
  await ended;
  await sleep(0);
}
const code = script.createCachedData();
if (new Script(source, { filename: 'rkt.cjs', cachedData: code }).cachedDataRejected === true) throw new Error('V8 rejects the code it made');
writeFileSync(output, code);
exit(0);
