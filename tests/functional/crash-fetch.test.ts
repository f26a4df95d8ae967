import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeOciLayout, makeRootfs, needs, type Registry, startRegistry } from '#tests/support';
import { namesIn, sweepKills } from './crash-scene.ts';
import { openScene, type Scene } from './scene.ts';

const sweeper = needs('root', 'strace');
const withRegistry = needs('root', 'strace', 'docker-registry', 'skopeo');

let registry: Registry;

before(async () => {
  if (withRegistry.skip !== false) return;
  registry = await startRegistry();
});
after(async () => {
  if (withRegistry.skip === false) await registry[Symbol.asyncDispose]();
});

/** Pushes an image of two layers; gives its name. */
async function pushImage(scene: Scene): Promise<string> {
  const layer = (name: string): string => {
    mkdirSync(scene.home.file(name));
    return scene.home.file(name);
  };
  const base = layer('base');
  makeRootfs(base);
  const top = layer('top');
  mkdirSync(join(top, 'etc'));
  makeRootfs(top, { '/etc/top': 'of the top layer' });
  const layers = [{ directory: base }, { directory: top, compression: 'none' as const }];
  makeOciLayout(scene.home.file('layout'), { layers, config: { Cmd: ['/bin/cat', '/etc/top'] } });
  return `docker://${await registry.push(scene.home.file('layout'), 'test/crash', '1')}`;
}

/** rkt works on with the store as it is, an image that is there can be run, and nothing temporary is left. */
async function assertUsable(scene: Scene, image: string): Promise<void> {
  const flags = ['--insecure-options=image,http'];
  await scene.rkt(['image', 'list']);
  await scene.rkt([...flags, 'fetch', image]);
  await scene.rkt([...flags, 'run', '--net=none', image, '--exec=/bin/true']);
  await scene.rkt(['gc', '--grace-period=0s']);
  await scene.rkt(['image', 'gc', '--grace-period=1h']);
  assert.deepEqual(['tmp', 'private'].flatMap((name) => namesIn(join(scene.home.dataDir, 'cas', name))).filter((name) => !name.endsWith('.partial')), []);
  rmSync(join(scene.home.dataDir, 'cas'), { recursive: true });
}

test('fetch, an ACI, killed anywhere, can be done again', sweeper, async () => {
  await using scene = openScene();
  await sweepKills(scene, ['fetch', scene.aci], 3, () => assertUsable(scene, scene.aci));
});

test('fetch, an image of a registry, killed anywhere, can be done again', withRegistry, async () => {
  await using scene = openScene();
  const image = await pushImage(scene);
  await sweepKills(scene, ['fetch', image], 3, () => assertUsable(scene, image));
});

test('run, an image that must be rendered first, killed anywhere, can be done again', sweeper, async () => {
  await using scene = openScene();
  await sweepKills(scene, ['prepare', scene.aci], 2, async () => {
    await scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
    await assertUsable(scene, scene.aci);
  });
});

test('image gc, killed anywhere, leaves a store that works', withRegistry, async () => {
  await using scene = openScene();
  const image = await pushImage(scene);
  const args = async (): Promise<string[]> => {
    await scene.insecure(['fetch', scene.aci]);
    await scene.rkt(['--insecure-options=image,http', 'prepare', image]);
    await scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
    return ['image', 'gc', '--grace-period=0s'];
  };
  await sweepKills(scene, args, 2, async () => {
    await assertUsable(scene, image);
    await assertUsable(scene, scene.aci);
  });
});

test('image rm, killed anywhere, leaves a store that works', sweeper, async () => {
  await using scene = openScene();
  const args = async (): Promise<string[]> => {
    await scene.insecure(['prepare', scene.aci]);
    await scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
    return ['image', 'rm', 'example.com/busybox'];
  };
  await sweepKills(scene, args, 2, () => assertUsable(scene, scene.aci));
});
