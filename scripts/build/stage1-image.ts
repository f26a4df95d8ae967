import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeAci } from '../write-aci.ts';
import { root } from './root.ts';

interface Stage1Image {
  /** `coreos.com/rkt/stage1-FLAVOR`, whose entrypoints lead back into the program. */
  readonly flavor: string;
  readonly entrypoints: readonly string[];
  readonly interfaceVersion: string;
  /** Other executables in its root, by their names in native/build. */
  readonly programs: readonly string[];
}

const OCI: Stage1Image = {
  flavor: 'oci',
  entrypoints: ['run', 'enter', 'gc', 'stop', 'attach', 'app/add', 'app/start', 'app/stop', 'app/rm'],
  interfaceVersion: '6',
  programs: ['supervisor'],
};
const FLY: Stage1Image = { flavor: 'fly', entrypoints: ['run', 'enter', 'gc', 'stop'], interfaceVersion: '6', programs: [] };

/** The images that come with rkt: the default one beside it, the others in `stage1-images`. */
export function makeStage1Images(directory: string): void {
  mkdirSync(join(directory, 'stage1-images'), { recursive: true });
  makeStage1Image(join(directory, 'stage1-oci.aci'), OCI);
  makeStage1Image(join(directory, 'stage1-images/stage1-fly.aci'), FLY);
}

function makeStage1Image(path: string, image: Stage1Image): void {
  const work = mkdtempSync(join(tmpdir(), 'rkt-stage1-'));
  try {
    const rootfs = join(work, 'rootfs');
    for (const name of image.entrypoints) mkdirSync(dirname(join(rootfs, 'ex', name)), { recursive: true });
    for (const name of image.programs) install(join(rootfs, name), (to) => copyFileSync(built(name), to));
    for (const name of image.entrypoints) {
      const script = `#!/bin/sh\nexec "\${RKT:-rkt}" __stage1 ${image.flavor} ${name} "$@"\n`;
      install(join(rootfs, 'ex', name), (to) => writeFileSync(to, script));
    }
    for (const directory of [rootfs, ...image.entrypoints.map((name) => dirname(join(rootfs, 'ex', name)))]) chmodSync(directory, 0o755);
    writeAci(path, manifest(image), rootfs);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function built(name: string): string {
  const path = join(root, 'native/build', name);
  if (!existsSync(path)) throw new Error(`native/build/${name} is missing; run: make -C native`);
  return path;
}

function install(path: string, write: (path: string) => void): void {
  write(path);
  chmodSync(path, 0o755);
}

function manifest({ entrypoints, flavor, interfaceVersion }: Stage1Image): object {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const annotation = (name: string, value: string): object => ({ name: `coreos.com/rkt/stage1/${name}`, value });
  return {
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name: `coreos.com/rkt/stage1-${flavor}`,
    labels: [
      { name: 'version', value: version },
      { name: 'os', value: 'linux' },
      { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' },
    ],
    annotations: [
      ...entrypoints.map((name) => annotation(name, `/ex/${name}`)),
      annotation('interface-version', interfaceVersion),
    ],
  };
}
