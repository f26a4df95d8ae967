import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeOciLayout } from '#tests/support';

const LAYERS = 4;
const LAYER_BYTES = 42 << 20;
const SOURCES = ['/usr/bin', '/usr/lib/x86_64-linux-gnu', '/usr/share', '/usr/lib/python3', '/usr/include'];

/**
 * OCI layouts of about 170 MB in four layers, made of this machine's own /usr so that sizes and
 * compressibility are those of a distribution. Made once and kept in `cache`.
 */
export function largeImage(cache: string, compression: 'gzip' | 'zstd'): string {
  const path = join(cache, `large-${compression}`);
  if (existsSync(path)) return path;
  const content = join(cache, 'large-content');
  if (!existsSync(content)) fill(content);
  rmSync(`${path}.new`, { recursive: true, force: true });
  const layers = Array.from({ length: LAYERS }, (_, index) => ({ directory: join(content, String(index)), compression }));
  makeOciLayout(`${path}.new`, { layers, config: { Cmd: ['/usr/bin/true'] } });
  renameSync(`${path}.new`, path);
  return path;
}

function fill(content: string): void {
  rmSync(`${content}.new`, { recursive: true, force: true });
  let layer = 0;
  let bytes = 0;
  for (const entry of SOURCES.filter((source) => existsSync(source)).flatMap((source) => readdirSync(source).map((name) => join(source, name)))) {
    const size = sizeOf(entry);
    if (size === 0 || size > LAYER_BYTES / 2) continue;
    if (bytes + size > LAYER_BYTES) {
      bytes = 0;
      if (++layer === LAYERS) break;
    }
    const target = join(`${content}.new`, String(layer), entry);
    mkdirSync(join(target, '..'), { recursive: true });
    cpSync(entry, target, { recursive: true, verbatimSymlinks: true });
    bytes += size;
  }
  renameSync(`${content}.new`, content);
}

function sizeOf(path: string): number {
  const stat = lstatSync(path);
  if (stat.isFile()) return stat.size;
  if (!stat.isDirectory()) return 0;
  return Number(execFileSync('du', ['-sb', path], { encoding: 'utf8' }).split('\t')[0]);
}
