import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.ts';

const OUTPUTS = ['rkt', 'confine', 'openpgp.mjs', 'sigstore.cjs', 'stage1-oci.aci', 'stage1-images/stage1-fly.aci'];
const INPUTS = ['src', 'scripts/build', 'scripts/build.ts', 'native/build/supervisor', 'native/build/confine', 'package.json', 'package-lock.json'];

/** A digest of everything that `dist/` is made from. */
export function inputsDigest(): string {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    for (const path of filesAt(input)) {
      hash.update(`${path}\0`).update(createHash('sha256').update(readFileSync(join(root, path))).digest());
    }
  }
  return hash.digest('hex');
}

function filesAt(path: string): string[] {
  if (!existsSync(join(root, path))) return [];
  const entries = readEntries(path);
  if (entries === undefined) return [path];
  return entries.filter((name) => !name.endsWith('.test.ts')).flatMap((name) => filesAt(join(path, name)));
}

function readEntries(path: string): string[] | undefined {
  try {
    return readdirSync(join(root, path)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** What the last complete build was made from; undefined where an output is missing. */
export function readStamp(dist: string): string | undefined {
  if (!OUTPUTS.every((name) => existsSync(join(dist, name)))) return undefined;
  try {
    return readFileSync(join(dist, '.inputs'), 'utf8');
  } catch {
    return undefined;
  }
}

export function writeStamp(dist: string, digest: string): void {
  writeFileSync(join(dist, '.inputs'), digest);
}
