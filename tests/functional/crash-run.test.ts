import { test } from 'node:test';
import { needs } from '#tests/support';
import { assertCollectable, sweepKills } from './crash-scene.ts';
import { openScene } from './scene.ts';

const sweeper = needs('root', 'strace');

for (const [net, most] of [['none', 4], ['default', 7]] as const) {
  test(`run, net ${net}, killed anywhere, leaves nothing that gc does not remove`, sweeper, async () => {
    await using scene = openScene();
    await scene.insecure(['fetch', scene.aci]);
    await sweepKills(scene, ['run', `--net=${net}`, scene.aci, '--exec=/bin/true'], most, async (when) => {
      await assertCollectable(scene, when);
      await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
      await scene.rkt(['gc', '--grace-period=0s']);
    });
  });
}

test('prepare, killed anywhere, leaves nothing that gc does not remove', sweeper, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  await sweepKills(scene, ['prepare', scene.aci], 4, (when) => assertCollectable(scene, when));
});

test('run-prepared, killed anywhere, leaves nothing that gc does not remove', sweeper, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  const args = async (): Promise<string[]> => ['run-prepared', '--net=default', await scene.prepare(scene.aci, '--exec=/bin/true')];
  await sweepKills(scene, args, 4, (when) => assertCollectable(scene, when));
});

test('gc, killed anywhere, is taken up by the next one', sweeper, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  const args = async (): Promise<string[]> => {
    await scene.insecure(['run', '--net=default', scene.aci, '--exec=/bin/true']);
    await scene.prepare(scene.aci);
    return ['gc', '--grace-period=0s', '--expire-prepared=0s'];
  };
  await sweepKills(scene, args, 5, (when) => assertCollectable(scene, when));
});
