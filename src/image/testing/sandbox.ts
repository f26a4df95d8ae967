import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#config';
import { openStore, type Self, type Store } from '#store';
import { runProgramSync } from '#sys';
import type { ImageContext, ProgressEvent } from '../context.ts';
import type { InsecureOptions } from '../insecure-options.ts';
import { openKeystore } from '../trust/keystore.ts';

const project = join(import.meta.dirname, '../../..');

/** This room as a program that can be started confined. */
export const self: Self = {
  path: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'unpacker.ts')],
  confine: join(project, 'native/build/confine'),
  files: [project, realpathSync(join(project, 'node_modules'))],
};

/** A store, a configuration and a keystore in a directory of their own, and what was reported. */
export class Sandbox implements Disposable {
  readonly root: string = mkdtempSync(join(tmpdir(), 'rkt-image-'));
  readonly store: Store;
  readonly lines: string[] = [];
  readonly events: ProgressEvent[] = [];

  constructor() {
    this.store = openStore(join(this.root, 'data'), {
      self,
    });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  context(insecure = 'none'): ImageContext {
    const dirs = { systemDir: this.path('system'), localDir: this.path('local'), userDir: '' };
    return {
      self,
      store: this.store,
      config: loadConfig(dirs),
      insecure: checksOff(insecure),
      keystore: openKeystore(dirs),
      trustKeysFromHttps: false,
      report: {
        info: (text) => this.lines.push(text),
        debug: (text) => this.lines.push(text),
        progress: (event) => this.events.push(event),
      },
    };
  }

  /** Writes an ACI of one file. @returns its path */
  makeAci(name: string, options: { manifest?: object; compression?: '--gzip' | '--xz' | '--bzip2'; text?: string } = {}): string {
    const build = mkdtempSync(this.path('aci-'));
    const labels = [{ name: 'version', value: '1.0.0' }, { name: 'os', value: 'linux' }, { name: 'arch', value: 'amd64' }];
    const manifest = { acKind: 'ImageManifest', acVersion: '0.8.11', name, labels, ...options.manifest };
    writeFileSync(join(build, 'manifest'), JSON.stringify(manifest));
    runProgramSync('/bin/mkdir', [join(build, 'rootfs')]);
    writeFileSync(join(build, 'rootfs', 'hello'), options.text ?? 'hello\n');
    const path = `${build}.aci`;
    const flags = options.compression === undefined ? [] : [options.compression];
    const result = runProgramSync('/bin/tar', ['-C', build, ...flags, '-cf', path, 'rootfs', 'manifest']);
    if (result.status !== 0) throw new Error(result.stderr);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Which checks are off by a list of their names. */
function checksOff(names: string): InsecureOptions {
  const off = names.split(',');
  const is = (name: string): boolean => off.includes(name) || off.includes('all');
  return {
    image: is('image'),
    tls: is('tls'),
    http: is('http'),
    pubkey: is('pubkey'),
    capabilities: is('capabilities'),
    paths: is('paths'),
    seccomp: is('seccomp'),
  };
}
