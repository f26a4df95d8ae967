import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './build/bundle.ts';
import { makeExecutable } from './build/executable.ts';
import { inputsDigest, readStamp, writeStamp } from './build/inputs.ts';
import { root } from './build/root.ts';
import { makeStage1Images } from './build/stage1-image.ts';

/**
 * Makes the product, `dist/`: the executable `rkt`, the launcher of what it starts confined, its
 * stage1 image, and the OpenPGP library, which stays a file of its own. Does nothing when no input has changed; `--force` builds anyhow.
 */
async function build(force: boolean): Promise<void> {
  const dist = join(root, 'dist');
  const digest = inputsDigest();
  if (!force && readStamp(dist) === digest) return console.log('dist/ is up to date');
  const started = performance.now();
  mkdirSync(dist, { recursive: true });
  makeStage1Images(dist);
  for (const launcher of ['confine', 'userns']) installLauncher(launcher, join(dist, launcher));
  const script = await bundle(dist);
  makeExecutable(script, join(dist, 'rkt'));
  writeStamp(dist, digest);
  console.log(`built dist/rkt in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** By a rename: a running one cannot be written over. */
function installLauncher(name: string, path: string): void {
  copyFileSync(join(root, 'native/build', name), `${path}.new`);
  renameSync(`${path}.new`, path);
}

await build(process.argv.includes('--force'));
