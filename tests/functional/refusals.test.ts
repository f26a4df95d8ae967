/** What is asked for and cannot be: refused by name, with 254, and nothing is left of it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { ownManifest } from './own-manifest.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');

function podsLeft({ home }: Scene): string[] {
  const pods = join(home.dataDir, 'pods');
  return existsSync(pods) ? readdirSync(pods).flatMap((phase) => readdirSync(join(pods, phase))) : [];
}

test('commands that this version does not have, are refused by their name', root, async () => {
  await using scene = openScene();
  for (const command of ['api-service']) {
    const { stderr } = await scene.rkt(command.split(' '), { status: 254 });
    assert.match(stderr, new RegExp(`command "rkt ${command}" is not available in this version`));
  }
});

const badFlags: readonly (readonly [string, RegExp])[] = [
  ['--memory=x', /"x" is not a quantity/],
  ['--memory=1', /memory limit of 1 bytes too low/],
  ['--cpu-shares=many', /--cpu-shares=many/],
  ['--oom-score-adj=2000', /between -1000 and 1000/],
  ['--caps-retain=CAP_NOPE', /there is no capability "CAP_NOPE"/],
  ['--caps-remove=CAP_KIL', /there is no capability "CAP_KIL"/],
  ['--annotation=BAD=1', /--annotation=BAD=1/],
  ['--readonly-rootfs=perhaps', /--readonly-rootfs must be set with a boolean/],
  ['--port=http', /"http" is not in name:\[ip:\]port format/],
  ['--port=http:99999', /"99999" is not a valid port number/],
  ['--volume=v,kind=host', /source for host volume cannot be empty/],
  ['--mount=volume=v,target=/x', /volume "v" not found/],
  ['--set-env=A', /must be specified as key=value/],
  ['--set-env-file=/no/such/file', /open \/no\/such\/file: no such file or directory/],
  ['--pull-policy=sometimes', /"never", "new", "update"/],
  ['--dns=nowhere', /Invalid IP passed to --dns: nowhere/],
  ['--hosts-entry=1.2.3.4', /Did not understand --hosts-entry 1\.2\.3\.4/],
  ['--ipc=mine', /"auto", "private", "parent"/],
  ['--name=Bad_Name', /--name=Bad_Name/],
  ['--bogus', /run: error parsing app image arguments: unknown flag: --bogus/],
];

for (const [flag, words] of badFlags) {
  test(`run, ${flag}, is refused and leaves no pod`, root, async () => {
    await using scene = openScene();
    const { stderr, stdout } = await scene.insecure(['run', '--net=default', scene.aci, flag], { status: 254 });
    assert.match(stderr, words);
    assert.equal(stdout, '');
    assert.deepEqual(podsLeft(scene), []);
  });
}

test('run, a UUID file that cannot be written, is refused and leaves no pod', root, async () => {
  await using scene = openScene();
  const { stderr } = await scene.insecure(['run', '--uuid-file-save=/no/such/directory/uuid', '--net=none', scene.aci], { status: 254 });
  assert.match(stderr, /run: error saving pod UUID to file: .*\/no\/such\/directory\/uuid/);
  assert.deepEqual(podsLeft(scene), []);
});

test('run, a program that is not in the image, is told in the words of rkt', root, async () => {
  await using scene = openScene();
  const { stderr } = await scene.insecure(['run', '--net=none', scene.aci, '--exec=/foo-not-there'], { status: 254 });
  assert.match(stderr, /Error: Unable to open "\/foo-not-there": No such file or directory/);
});

test('prepare, a pod manifest that is damaged, empty or names an unknown image, is refused and leaves no pod', root, async () => {
  await using scene = openScene();
  const file = scene.home.file('pod.json');
  const app = { name: 'a', image: { id: `sha512-${'0'.repeat(64)}` }, app: { exec: ['/a'], user: '0', group: '0' } };
  const cases: [string, RegExp][] = [
    ['{', /bad pod manifest: not JSON/],
    ['{"acVersion":"0.8.11","acKind":"PodManifest","apps":[]}', /pod must contain at least one application/],
    [JSON.stringify({ acVersion: '0.8.11', acKind: 'PodManifest', apps: [app] }), /no image IDs found|is not in the store/],
  ];
  for (const [text, words] of cases) {
    writeFileSync(file, text);
    assert.match((await scene.rkt(['prepare', `--pod-manifest=${file}`], { status: 254 })).stderr, words);
  }
  assert.deepEqual(podsLeft(scene), []);
});

test('run, a pod manifest with ports and --net=none, is refused and leaves no pod', root, async () => {
  await using scene = openScene({ app: { ports: [{ name: 'web', protocol: 'tcp', port: 80 }] } });
  const app = { app: { exec: ['/bin/true'], ports: [{ name: 'web', protocol: 'tcp', port: 80 }] } };
  const manifest = await ownManifest(scene, [app], { ports: [{ name: 'web', hostPort: 8080 }] });
  const { stderr } = await scene.insecure(['run', '--net=none', manifest], { status: 254 });
  assert.match(stderr, /--port flag does not work with 'none' networking/);
  assert.deepEqual(podsLeft(scene), []);
});

test('image rm and cat-manifest, an image that is not there, is told by its name', root, async () => {
  await using scene = openScene();
  assert.match((await scene.rkt(['image', 'rm', 'example.com/nope'])).stderr, /rm: no image IDs found: no image is named "example\.com\/nope"/);
  assert.match((await scene.rkt(['image', 'cat-manifest', 'example.com/nope'], { status: 254 })).stderr, /no image is named "example\.com\/nope"/);
  assert.match((await scene.rkt(['image', 'rm', 'sha512-1'])).stderr, /rm: image ID too short/);
});
