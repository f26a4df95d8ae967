import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { vmCache } from './needs-vm.ts';

/** What a machine needs to find its devices and the host's files. */
const BASE_MODULES = ['virtio_pci', 'virtio_blk', 'virtio_console', 'virtiofs', 'overlay'];
const DIRECTORIES = ['bin', 'dev', 'host', 'memory', 'modules', 'proc', 'root', 'sys'];

/**
 * Writes the first file system of a machine: busybox, the kernel modules in the order they need each other, and the
 * scripts beside this file.
 *
 * @param more modules by name, without `.ko`
 */
export function writeInitramfs(file: string, work: string, more: readonly string[]): void {
  for (const directory of DIRECTORIES) mkdirSync(join(work, directory), { recursive: true });
  const programs = { 'bin/busybox': '/bin/busybox', init: join(import.meta.dirname, 'init.sh'), 'agent.sh': join(import.meta.dirname, 'agent.sh') };
  for (const [name, source] of Object.entries(programs)) {
    copyFileSync(source, join(work, name));
    chmodSync(join(work, name), 0o755);
  }
  const modules = readModules();
  const order = loadOrder(modules, [...BASE_MODULES, ...more]);
  for (const name of order) copyFileSync(modules.get(name)!, join(work, `modules/${name}.ko`));
  writeFileSync(join(work, 'modules/order'), order.map((name) => `${name}\n`).join(''));
  const names = readdirSync(work, { recursive: true, encoding: 'utf8' }).join('\n');
  writeFileSync(file, execFileSync('busybox', ['cpio', '-o', '-H', 'newc'], { cwd: work, input: names, stdio: ['pipe', 'pipe', 'ignore'], maxBuffer: 1 << 28 }));
}

/** Files of the kernel's modules by name; `-` and `_` are the same in one. */
function readModules(): ReadonlyMap<string, string> {
  const directory = join(vmCache, 'modules');
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ko'));
  return new Map(files.map((file) => [basename(file, '.ko').replaceAll('-', '_'), join(directory, file)]));
}

/** Each module after those it depends on. What the kernel has built in is no file. */
function loadOrder(modules: ReadonlyMap<string, string>, wanted: readonly string[]): string[] {
  const order: string[] = [];
  const add = (name: string): void => {
    const file = modules.get(name);
    if (file === undefined || order.includes(name)) return;
    dependenciesOf(file).forEach(add);
    order.push(name);
  };
  wanted.forEach(add);
  return order;
}

/** From the `depends=` of a module's .modinfo section. */
function dependenciesOf(file: string): string[] {
  const [, names = ''] = /\0depends=([^\0]*)\0/.exec(readFileSync(file, 'latin1')) ?? [];
  return names.split(',').filter((name) => name !== '').map((name) => name.replaceAll('-', '_'));
}
