import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { makeOciLayout, makeRootfs, needs, type Registry, startRegistry } from '#tests/support';
import { assertCollectable, uuidsIn } from './crash-scene.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const registryNeeds = needs('root', 'docker-registry', 'skopeo');
const any = { status: 'any' } as const;
type Result = Awaited<ReturnType<Scene['rkt']>>;

/** What a power failure makes of a file that was not synced. */
const damages: Readonly<Record<string, (file: string) => void>> = {
  empty: (file) => truncateSync(file),
  'cut off': (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
  missing: (file) => rmSync(file),
};

/** Regular files, by a walk that follows no link: a pod has links to directories of the host. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

/** Damages a file, of the home and nothing else. */
function damageFile(scene: Scene, name: string, file: string): void {
  if (!realpathSync(file).startsWith(`${realpathSync(scene.home.path)}/`)) throw new Error(`${file} leads out of ${scene.home.path}`);
  damages[name]!(file);
}

/** Never an internal fault or a stack. */
function assertClear({ status, output }: Result, when: string, allowed: readonly number[] = [0, 254]): void {
  assert.ok(allowed.includes(status), `${when}: exit status ${status}: ${output}`);
  assert.doesNotMatch(output, /internal error|TypeError|SyntaxError|\n\s+at .*:\d+:\d+/, `${when}: ${output}`);
}

interface Damaged {
  readonly uuid: string;
  readonly when: string;
}

/** A copy of a pod for every file of it and every damage, in the same phase. */
function damageCopies(scene: Scene, phase: string, uuid: string): Damaged[] {
  const phaseDirectory = join(scene.home.dataDir, 'pods', phase);
  const original = join(phaseDirectory, uuid);
  return filesBelow(original).flatMap((path) =>
    Object.keys(damages).map((name) => {
      const copy = randomUUID();
      const building = scene.home.file(copy);
      cpSync(original, building, { recursive: true, verbatimSymlinks: true });
      damageFile(scene, name, join(building, relative(original, path)));
      renameSync(building, join(phaseDirectory, copy));
      return { uuid: copy, when: `${relative(original, path)} is ${name}` };
    }),
  );
}

async function assertReadable(scene: Scene, pods: readonly Damaged[]): Promise<void> {
  assertClear(await scene.rkt(['list'], any), 'list', [0]);
  assertClear(await scene.rkt(['image', 'gc', '--grace-period=1h'], any), 'image gc', [0]);
  for (const { uuid, when } of pods) {
    for (const command of ['status', 'cat-manifest']) assertClear(await scene.rkt([command, uuid], any), `${command}: ${when}`);
  }
}

test('a prepared pod with any file damaged, gives clear answers, runs or says why not, and is collected', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci, '--exec=/bin/true');
  const pods = damageCopies(scene, 'prepared', uuid);
  assert.ok(pods.length > 12);
  await assertReadable(scene, pods);
  for (const { uuid: each, when } of pods) {
    assertClear(await scene.rkt(['run-prepared', '--net=none', each], any), `run-prepared: ${when}`);
  }
  await assertCollectable(scene, 'prepared and damaged');
});

test('an exited pod with any file damaged, gives clear answers and is collected', root, async () => {
  await using scene = openScene();
  await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
  const pods = damageCopies(scene, 'run', uuidsIn(scene, ['run'])[0]!);
  assert.ok(pods.length > 30);
  await assertReadable(scene, pods);
  for (const { uuid, when } of pods.filter((_, at) => at % 5 === 0)) assertClear(await scene.rkt(['rm', uuid], any), `rm: ${when}`, [0]);
  await assertCollectable(scene, 'exited and damaged');
});

// Not a missing copy of the configuration: that is how a pod says that it has been detached.
const networkFiles = { netns: Object.keys(damages), 'net-info.json': Object.keys(damages), 'net/attachments.json': Object.keys(damages), 'net/99-default.conf': ['empty', 'cut off'] };
for (const [file, ways] of Object.entries(networkFiles)) {
  test(`an exited pod with its ${file} damaged, is collected with its network`, root, async () => {
    await using scene = openScene();
    for (const way of ways) {
      await scene.insecure(['run', '--net=default', scene.aci, '--exec=/bin/true']);
      damageFile(scene, way, join(scene.home.dataDir, 'pods/run', uuidsIn(scene, ['run'])[0]!, file));
      await assertCollectable(scene, `${file} is ${way}`);
    }
  });
}

let registry: Registry;
before(async () => {
  if (registryNeeds.skip === false) registry = await startRegistry();
});
after(async () => {
  if (registryNeeds.skip === false) await registry[Symbol.asyncDispose]();
});

async function pushImage(scene: Scene): Promise<string> {
  const base = scene.home.file('base');
  mkdirSync(base);
  makeRootfs(base);
  makeOciLayout(scene.home.file('layout'), { layers: [{ directory: base }], config: { Cmd: ['/bin/true'] } });
  return `docker://${await registry.push(scene.home.file('layout'), 'test/damage', '1')}`;
}

/** Of the store only what is not the image's own files: those nobody checks at each start. */
function storeFiles(scene: Scene): string[] {
  const cas = join(scene.home.dataDir, 'cas');
  return filesBelow(cas).filter((file) => !/^(tmp|imagelocks|treestorelocks)\/|\/(rootfs|diff)\//.test(relative(cas, file)));
}

async function assertRepairable(scene: Scene, image: string): Promise<void> {
  const flags = ['--insecure-options=image,http'];
  const id = (await scene.rkt([...flags, 'fetch', image])).stdout.trim();
  await scene.rkt([...flags, 'run', '--net=none', id, '--exec=/bin/true']);
  await scene.rkt(['gc', '--grace-period=0s']);
  const good = scene.home.file('good');
  const cas = join(scene.home.dataDir, 'cas');
  renameSync(cas, good);
  cpSync(good, cas, { recursive: true, verbatimSymlinks: true });
  const files = storeFiles(scene);
  assert.ok(files.length > 5);
  const failures: string[] = [];
  const all = process.env['RKT_SWEEP'] === 'all';
  for (const [at, file] of files.entries()) {
    const names = Object.keys(damages);
    for (const name of all ? names : [names[at % names.length]!]) {
      damageFile(scene, name, file);
      const when = `${relative(cas, file)} is ${name}`;
      await assertOneRepairable(scene, image, id, when).catch((error: unknown) => failures.push((error as Error).message));
      await scene.rkt(['gc', '--grace-period=0s']);
      rmSync(cas, { recursive: true });
      cpSync(good, cas, { recursive: true, verbatimSymlinks: true });
    }
  }
  assert.deepEqual(failures, []);
}

async function assertOneRepairable(scene: Scene, image: string, id: string, when: string): Promise<void> {
  const flags = ['--insecure-options=image,http'];
  assertClear(await scene.rkt(['image', 'list'], any), `image list: ${when}`, [0]);
  assertClear(await scene.rkt(['image', 'cat-manifest', id], any), `image cat-manifest: ${when}`);
  const ran = await scene.rkt([...flags, 'run', '--net=none', id, '--exec=/bin/true'], any);
  assertClear(ran, `run: ${when}`);
  if (ran.status !== 0) assert.match(ran.output, /sha512-|no image IDs found/, `run does not name the image: ${when}`);
  if (ran.status !== 0) assert.match(ran.output, /rkt (image rm|fetch)|no image IDs found/, `run does not say what to do: ${when}`);
  const named = ran.output.match(/rkt image rm (sha512-\w+)/)?.[1] ?? id;
  for (const each of new Set([named, id])) assertClear(await scene.rkt(['image', 'rm', each], any), `image rm: ${when}`);
  await scene.rkt([...flags, 'fetch', image]);
  const again = await scene.rkt([...flags, 'run', '--net=none', id, '--exec=/bin/true'], any);
  assert.equal(again.status, 0, `does not run after it was removed and fetched again: ${when}: ${again.output}`);
  assertClear(await scene.rkt(['image', 'gc', '--grace-period=0s'], any), `image gc: ${when}`, [0]);
}

test('a store with any record of an ACI damaged, says which image and what to do, and can be repaired', root, async () => {
  await using scene = openScene();
  await assertRepairable(scene, scene.aci);
});

test('a store with any record of a layered image damaged, says which image and what to do, and can be repaired', registryNeeds, async () => {
  await using scene = openScene();
  await assertRepairable(scene, await pushImage(scene));
});
