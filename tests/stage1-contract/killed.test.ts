/** A kill of rkt at any step of running and collecting a pod of a stage1 image. */
import { test } from 'node:test';
import { needs } from '#tests/support';
import { assertCollectable, sweepKills } from '../functional/crash-scene.ts';
import { openScene } from '../functional/scene.ts';
import { makeScriptStage1 } from './script-stage1.ts';

const sweeper = needs('root', 'strace');

for (const overlay of [[], ['--no-overlay']] as const) {
  test(`run, a stage1 image ${overlay.join('')}, killed anywhere, leaves nothing that gc does not remove`, sweeper, async () => {
    await using scene = openScene();
    await scene.insecure(['fetch', scene.aci]);
    const stage1 = makeScriptStage1(scene.home.file('stage1.aci'), { interfaceVersion: '6', evidence: scene.home.path });
    await sweepKills(scene, ['run', `--stage1-path=${stage1}`, ...overlay, scene.aci, '--exec=/bin/true'], 5, (when) => assertCollectable(scene, when));
  });
}

test('gc, a pod of a stage1 image, killed anywhere, is taken up by the next one', sweeper, async () => {
  await using scene = openScene();
  const stage1 = makeScriptStage1(scene.home.file('stage1.aci'), { interfaceVersion: '6', evidence: scene.home.path });
  const args = async (): Promise<string[]> => {
    await scene.insecure(['run', `--stage1-path=${stage1}`, scene.aci, '--exec=/bin/true']);
    return ['gc', '--grace-period=0s'];
  };
  await sweepKills(scene, args, 5, (when) => assertCollectable(scene, when));
});
