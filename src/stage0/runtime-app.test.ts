import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type App, type ImageManifest, parseImageManifest, parseMount } from '#appc';
import type { AppArgument, PodEnvironment } from './requests.ts';
import { type ChosenImage, planRuntimeApp } from './runtime-app.ts';

const NO_ENVIRONMENT: PodEnvironment = { inherited: [], fromFiles: [], explicit: [] };

function manifest(app?: object): ImageManifest {
  return parseImageManifest(
    JSON.stringify({
      acKind: 'ImageManifest',
      acVersion: '0.8.11',
      name: 'example.com/tools/web',
      labels: [{ name: 'version', value: '1' }],
      ...(app === undefined ? {} : { app }),
    }),
  );
}

function chosen(image: ImageManifest, argument: Partial<AppArgument> = {}): ChosenImage {
  const base: AppArgument = {
    image: 'web.aci',
    args: [],
    environment: [],
    annotations: [],
    userAnnotations: {},
    userLabels: {},
    mounts: [],
    isolators: [],
  };
  return { argument: { ...base, ...argument }, id: `sha512-${'a'.repeat(64)}` as ChosenImage['id'], manifest: image };
}

const web = { exec: ['/web'], user: '0', group: '0', environment: [{ name: 'A', value: 'image' }] };

function planned(argument: Partial<AppArgument>, environment = NO_ENVIRONMENT): App {
  return planRuntimeApp(chosen(manifest(web), argument), [], environment).app!;
}

test('planRuntimeApp, nothing said, is the app of the image under its last name', () => {
  const app = planRuntimeApp(chosen(manifest(web)), [], NO_ENVIRONMENT);
  assert.equal(app.name, 'web');
  assert.deepEqual(app.app?.exec, ['/web']);
  assert.deepEqual(app.image.labels, [{ name: 'version', value: '1' }]);
});

test('planRuntimeApp, exec and args, replace and append', () => {
  assert.deepEqual(planned({ args: ['-v'] }).exec, ['/web', '-v']);
  assert.deepEqual(planned({ exec: '/sh', args: ['-c', 'x'] }).exec, ['/sh', '-c', 'x']);
});

test('planRuntimeApp, image without app and no exec, throws', () => {
  assert.throws(
    () => planRuntimeApp(chosen(manifest()), [], NO_ENVIRONMENT),
    /has no app section and --exec argument is not provided/,
  );
});

test('planRuntimeApp, image without app but with exec, gets a minimal app', () => {
  const app = planRuntimeApp(chosen(manifest(), { exec: '/sh' }), [], NO_ENVIRONMENT).app;
  assert.deepEqual(app, { exec: ['/sh'], user: '0', group: '0' });
});

test('planRuntimeApp, environment, is inherited < image < files < explicit < own', () => {
  const pairs = (value: string, ...names: string[]) => names.map((name) => ({ name, value }));
  const environment: PodEnvironment = {
    inherited: pairs('inherited', 'A', 'B', 'C', 'D', 'E'),
    fromFiles: pairs('file', 'C', 'D', 'E'),
    explicit: pairs('explicit', 'D', 'E'),
  };
  const app = planned({ environment: pairs('own', 'E') }, environment);
  assert.deepEqual(
    Object.fromEntries(app.environment!.map(({ name, value }) => [name, value])),
    { A: 'image', B: 'inherited', C: 'file', D: 'explicit', E: 'own' },
  );
});

test('planRuntimeApp, mounts of one path, keeps the one of the app', () => {
  const image = chosen(manifest(web), { mounts: [parseMount('volume=own,target=/data')] });
  const app = planRuntimeApp(
    image,
    [parseMount('volume=pod,target=/data/'), parseMount('volume=pod,target=/logs')],
    NO_ENVIRONMENT,
  );
  assert.deepEqual(app.mounts?.map((mount) => [mount.volume, mount.path]), [['own', '/data'], ['pod', '/logs']]);
});

test('planRuntimeApp, a capability set given, replaces the retain and the remove set of the image', () => {
  const remove = { name: 'os/linux/capabilities-remove-set', value: { set: ['CAP_KILL'] } };
  const retain = { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_CHOWN'] } };
  const memory = { name: 'resource/memory', value: { limit: '1Gi' } };
  const image = chosen(manifest({ ...web, isolators: [remove, memory] }), { isolators: [retain] });
  const app = planRuntimeApp(image, [], NO_ENVIRONMENT).app;
  assert.deepEqual(app?.isolators?.map((isolator) => isolator.name), [memory.name, retain.name]);
});
