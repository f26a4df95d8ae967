/** A third party's stage1 of shell scripts, at several versions of the interface. */
import { needs } from '#tests/support';
import type { Scene } from '../functional/scene.ts';
import { contract } from './contract.ts';
import { makeScriptStage1, type ScriptStage1 } from './script-stage1.ts';

const choose = (options: Omit<ScriptStage1, 'evidence'>) => (scene: Scene): string[] => [
  `--stage1-path=${makeScriptStage1(scene.home.file('stage1.aci'), { ...options, evidence: scene.home.path })}`,
];

const becomes = choose({ interfaceVersion: null, leader: 'becomes the app' });
contract({ name: 'of scripts at version 1', ...needs('root'), choose: becomes, tellsExits: false, severalApps: false, mutable: false });
for (const version of [3, 5, 6]) {
  const supervises = choose({ interfaceVersion: String(version) });
  contract({ name: `of scripts at version ${version}`, ...needs('root'), choose: supervises, tellsExits: true, severalApps: true, mutable: version >= 5 });
}
