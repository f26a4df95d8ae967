import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAci } from '../write-aci.ts';
import { root } from './root.ts';

const ENTRYPOINTS = ['run', 'enter', 'gc', 'stop', 'attach', 'app/add', 'app/start', 'app/stop', 'app/rm'];
const INTERFACE_VERSION = '6';

/** The default flavor's image: the supervisor, and entrypoints that lead back into the program. */
export function makeStage1Image(path: string): void {
  const supervisor = join(root, 'native/build/supervisor');
  if (!existsSync(supervisor)) throw new Error('native/build/supervisor is missing; run: make -C native');
  const work = mkdtempSync(join(tmpdir(), 'rkt-stage1-'));
  try {
    const rootfs = join(work, 'rootfs');
    mkdirSync(join(rootfs, 'ex/app'), { recursive: true });
    install(join(rootfs, 'supervisor'), () => copyFileSync(supervisor, join(rootfs, 'supervisor')));
    for (const name of ENTRYPOINTS) {
      const script = `#!/bin/sh\nexec "\${RKT:-rkt}" __stage1 oci ${name} "$@"\n`;
      install(join(rootfs, 'ex', name), () => writeFileSync(join(rootfs, 'ex', name), script));
    }
    for (const directory of [rootfs, join(rootfs, 'ex'), join(rootfs, 'ex/app')]) chmodSync(directory, 0o755);
    writeAci(path, manifest(), rootfs);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function install(path: string, write: () => void): void {
  write();
  chmodSync(path, 0o755);
}

function manifest(): object {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const annotation = (name: string, value: string): object => ({ name: `coreos.com/rkt/stage1/${name}`, value });
  return {
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name: 'coreos.com/rkt/stage1-oci',
    labels: [
      { name: 'version', value: version },
      { name: 'os', value: 'linux' },
      { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' },
    ],
    annotations: [
      ...ENTRYPOINTS.map((name) => annotation(name, `/ex/${name}`)),
      annotation('interface-version', INTERFACE_VERSION),
    ],
  };
}
