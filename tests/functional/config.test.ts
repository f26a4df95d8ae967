import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs, rktProgram, run } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const version = { rktVersion: 'v1' };
const auth = (domains: string[], user: string): object => ({ rktKind: 'auth', ...version, domains, type: 'basic', credentials: { user, password: 'p' } });

function write(directory: string, kind: string, name: string, value: unknown): void {
  mkdirSync(join(directory, `${kind}.d`), { recursive: true });
  writeFileSync(join(directory, `${kind}.d`, name), typeof value === 'string' ? value : JSON.stringify(value));
}

const configOf = async (scene: Scene, ...flags: string[]): Promise<{ stage0: Record<string, unknown>[] }> =>
  JSON.parse((await scene.rkt([...flags, 'config'])).stdout) as { stage0: Record<string, unknown>[] };

test('config, all kinds in all directories, one list in which the user goes before local and system', async () => {
  await using scene = openScene();
  const { localConfig, systemConfig, userConfig } = scene.home;
  write(systemConfig, 'auth', 'a.json', auth(['a.example.com', 'b.example.com', 'c.example.com'], 'system'));
  write(localConfig, 'auth', 'any-name.json', auth(['b.example.com', 'c.example.com'], 'local'));
  write(userConfig, 'auth', 'a.json', auth(['c.example.com'], 'user'));
  write(localConfig, 'auth', 'registry.json', { rktKind: 'dockerAuth', ...version, registries: ['index.docker.io', 'quay.io'], credentials: { user: 'u', password: 'p' } });
  write(localConfig, 'paths', 'paths.json', { rktKind: 'paths', ...version, data: '/data' });
  write(systemConfig, 'paths', 'paths.json', { rktKind: 'paths', ...version, 'stage1-images': '/images' });
  write(localConfig, 'stage1', 'stage1.json', { rktKind: 'stage1', ...version, name: 'example.com/stage1', version: '1', location: '/a.aci' });
  const { stage0 } = await configOf(scene);
  const of = (kind: string) => stage0.filter(({ rktKind }) => rktKind === kind);
  assert.deepEqual(of('auth').map(({ credentials, domains }) => [domains, (credentials as { user: string }).user]), [
    [['a.example.com'], 'system'], [['b.example.com'], 'local'], [['c.example.com'], 'user'],
  ]);
  assert.deepEqual(of('dockerAuth').map(({ registries }) => registries), [['index.docker.io'], ['quay.io']]);
  assert.deepEqual(of('paths').map(({ data, 'stage1-images': images }) => [data, images]), [['/data', '/images']]);
  assert.deepEqual(of('stage1').map(({ location, name }) => [name, location]), [['example.com/stage1', '/a.aci']]);
});

test('config, global flags before the command, JSON on one line and nothing else', async () => {
  await using scene = openScene();
  const { output } = await scene.rkt(['--debug', '--insecure-options=image', '--pretty-print=false', 'config']);
  assert.match(output, /^\{"stage0":\[.*\]\}\n$/);
});

const broken: readonly (readonly [string, unknown, RegExp])[] = [
  ['what is no JSON', '{', /a\.json" is not JSON/],
  ['an unknown kind', { rktKind: 'nothing', ...version }, /a\.json.*nothing/],
  ['an unknown version', { rktKind: 'auth', rktVersion: 'v9' }, /a\.json.*v9/],
  ['a type nobody knows', { ...auth(['a.example.com'], 'u'), type: 'magic' }, /a\.json.*magic/],
];
for (const [what, value, message] of broken) {
  test(`config, ${what} in a file, refused naming the file`, async () => {
    await using scene = openScene();
    write(scene.home.localConfig, 'auth', 'a.json', value);
    assert.match((await scene.rkt(['config'], { status: 254 })).output, message);
  });
}

test('fetch, a data directory of the configuration, used unless --dir names one', needs('root'), async () => {
  await using scene = openScene();
  const { dataDir, flags, file, localConfig } = scene.home;
  write(localConfig, 'paths', 'paths.json', { rktKind: 'paths', ...version, data: file('elsewhere') });
  const without = flags.filter((flag) => !flag.startsWith('--dir='));
  const { status, output } = await run(rktProgram(), [...without, '--insecure-options=image', 'fetch', scene.aci]);
  assert.equal(status, 0, output);
  assert.deepEqual([existsSync(join(file('elsewhere'), 'cas')), existsSync(join(dataDir, 'cas'))], [true, false]);
  await scene.insecure(['fetch', scene.aci]);
  assert.equal(existsSync(join(dataDir, 'cas')), true);
});
