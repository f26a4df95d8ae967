/** Files that are not what they should be, names that are none, streams that take nothing: told plainly, and nothing is left. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs, rktProgram, run } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const none = ['run', '--net=none'];

function podsLeft({ home }: Scene): string[] {
  const pods = join(home.dataDir, 'pods');
  return existsSync(pods) ? readdirSync(pods).flatMap((phase) => readdirSync(join(pods, phase))) : [];
}

/** IMG is an image that can be run. */
const refused: readonly (readonly [readonly string[], RegExp])[] = [
  [[...none, '--pod-manifest=/etc'], /^run: read \/etc: is a directory$/],
  [[...none, '--pod-manifest=/dev/zero'], /^run: read \/dev\/zero: file too large$/],
  [[...none, '--pod-manifest=/etc/passwd'], /^run: bad pod manifest: not JSON/],
  [[...none, '--set-env-file=/etc', 'IMG'], /--set-env-file=\/etc: read \/etc: is a directory\n/],
  [[...none, '--set-env-file=/dev/zero', 'IMG'], /--set-env-file=\/dev\/zero: read \/dev\/zero: file too large\n/],
  [[...none, '--uuid-file-save=/etc', 'IMG'], /^run: error saving pod UUID to file: open \/etc: is a directory$/],
  [[...none, '--pod-name=../x', 'IMG'], /invalid pod name "\.\.\/x"\na name has up to 63 lower case letters/],
  [[...none, 'IMG', '--name=a\nb'], /ACName must contain only lower case/],
  [[...none, '--dns-search=a\nnameserver 192.0.2.1', 'IMG'], /^run: error with dns flags: "a\\nnameserver 192\.0\.2\.1" is no domain or option of a resolver$/],
  [[...none, '--hosts-entry=192.0.2.1=a\n192.0.2.2 b', 'IMG'], /^run: error with dns flags: Did not understand --hosts-entry "192\.0\.2\.1=a\\n/],
  [[...none, 'IMG', '--stdout=lines'], /^run: invalid stdout mode "lines": must be one of null, stream, tty, log, journal$/],
  [[...none, ' '], /^run: ACIdentifier must .*\n" " is neither the name of an image nor of a file$/],
  [['stop', '--uuid-file=/dev/zero'], /^stop: unable to resolve UUID from file: read \/dev\/zero: file too large$/],
  [['rm', '--uuid-file=/etc'], /^rm: unable to resolve UUID from file: read \/etc: is a directory$/m],
  [['status', '--uuid-file=/etc/passwd'], /^status: unable to resolve UUID from file: \/etc\/passwd holds no UUID$/],
  [['trust', '--prefix=example.com', '/dev/zero'], /^trust: error adding keys: key "\/dev\/zero" is larger than \d+ bytes$/],
  [['trust', '--prefix=example.com', '/etc'], /^trust: error adding keys: read \/etc: is a directory$/],
  [['trust', '--prefix=example.com', '/etc/passwd'], /^trust: error adding keys: error reading key \/etc\/passwd: it is no OpenPGP key\na key is a file as gpg --export/],
  [['trust', '--prefix=../x', '/etc/passwd'], /^trust: error adding keys: "\.\.\/x" is no prefix of image names: /],
  [['image', 'cat-manifest', 'sha512-abc'], /^cat-manifest: no image IDs found\nsee which images there are: rkt image list$/],
  [['metadata-service', '--listen-port=99999'], /--listen-port=99999: a port is 0 to 65535\n/],
];

test('what cannot be, is refused by its name, and nothing is left', root, async () => {
  await using scene = openScene();
  for (const [words, pattern] of refused) {
    const { stderr, stdout, status } = await scene.insecure(words.map((word) => (word === 'IMG' ? scene.aci : word)), { status: 'any' });
    const text = stderr.replace(/^image: warning: .*\n/gm, '').trimEnd();
    assert.match(text, pattern);
    assert.doesNotMatch(text, /internal error|\n\s+at |\bE[A-Z]{3,}\b/, words.join(' '));
    assert.equal(stdout, '', words.join(' '));
    // rkt exits 1 where the file of a UUID cannot be read.
    assert.equal(status, ['stop', 'status'].includes(words[0]!) ? 1 : 254, words.join(' '));
  }
  assert.deepEqual(podsLeft(scene), []);
});

test('image export and extract, a place that is not there, is told as it was asked for', root, async () => {
  await using scene = openScene();
  await scene.insecure(['fetch', scene.aci]);
  for (const verb of ['export', 'extract', 'render']) {
    const { stderr } = await scene.rkt(['image', verb, 'example.com/busybox', '/no/such/place'], { status: 254 });
    assert.equal(stderr, `${verb}: create /no/such/place: no such file or directory\n`);
  }
});

test('an image file that is not there, beside its missing signature, is told of both', root, async () => {
  await using scene = openScene();
  const { stderr } = await scene.rkt(['run', './nonexist.aci'], { status: 254 });
  assert.equal(stderr, 'run: open ./nonexist.aci.asc: no such file or directory\nand there is no image file "./nonexist.aci"\n');
});

const unusable: readonly (readonly [readonly string[], RegExp])[] = [
  [['IMG', '--exec=/etc'], /Error: Unable to open "\/etc": Is a directory\n/],
  [['IMG', '--exec=/etc/passwd'], /Error: Unable to open "\/etc\/passwd": Permission denied\n/],
  [['--volume=x,kind=host,source=/etc/passwd', '--mount=volume=x,target=/bin', 'IMG', '--exec=/bin/true'], /Error: Unable to open "\/bin\/true": No such file or directory\n/],
  [['--hostname=a\nb', 'IMG'], /hostname "a\\nb" is not a name of up to 64 characters\n/],
  [['--hostname=日本', 'IMG'], /hostname "日本" is not a name of up to 64 characters\n/],
  [[`--hostname=${'a'.repeat(65)}`, 'IMG'], /is not a name of up to 64 characters\n/],
];

test('run, a program or a host name that cannot be, is refused before the runtime is asked', root, async () => {
  await using scene = openScene();
  for (const [words, pattern] of unusable) {
    const { stderr } = await scene.insecure([...none, ...words.map((word) => (word === 'IMG' ? scene.aci : word))], { status: 254 });
    assert.match(stderr, pattern);
  }
});

/** A shell in which `"$@"` is rkt with its flags. */
const inShell = (scene: Scene, script: string) => run('sh', ['-c', script, 'sh', rktProgram(), ...scene.home.flags, '--insecure-options=image']);

test('prepare, standard output that takes nothing, leaves no pod', root, async () => {
  await using scene = openScene();
  const { status, stderr } = await inShell(scene, `"$@" prepare ${scene.aci} >/dev/full`);
  assert.match(stderr, /prepare: write: no space left on device\n$/);
  assert.equal(status, 254);
  assert.deepEqual(podsLeft(scene), []);
});

test('gc, standard output that takes nothing, collects all the same and exits 254', root, async () => {
  await using scene = openScene();
  for (let pod = 0; pod < 2; pod++) await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
  const { status, stderr } = await inShell(scene, '"$@" gc --grace-period=0s >/dev/full');
  assert.match(stderr, /gc: write: no space left on device\n$/);
  assert.equal(status, 254);
  assert.deepEqual(podsLeft(scene), []);
});

test('an error, standard error that takes nothing, is the exit status alone', root, async () => {
  await using scene = openScene();
  assert.equal((await inShell(scene, '"$@" status nope 2>/dev/full')).status, 254);
});

test('a working directory that is gone, is told where a path begins there', root, async () => {
  await using scene = openScene();
  const { status, stderr } = await inShell(scene, `mkdir ${scene.home.file('gone')} && cd ${scene.home.file('gone')} && rmdir ../gone && "$@" fetch ./x.aci`);
  assert.equal(status, 254);
  assert.match(stderr, /fetch: getcwd: no such file or directory\n$/);
});

for (const umask of ['000', '077', '777']) {
  test(`run and export, umask ${umask}, an app of any user sees its files, others of the host write none, and what is exported is the caller's`, root, async () => {
    await using scene = openScene();
    const output = scene.home.file('out.aci');
    const app = ['--user=1000', '--group=1000', '--exec=/bin/sh', '--', '-c', "'umask; cat /etc/hostname'"].join(' ');
    const { status, output: said } = await inShell(scene, `umask ${umask}; "$@" run --net=none ${scene.aci} ${app} && "$@" image export example.com/busybox ${output}`);
    assert.equal(status, 0, said);
    assert.match(said, /^0022\nrkt-/m);
    const writable = await run('find', [scene.home.dataDir, '-mindepth', '1', '-perm', '-o+w', '-not', '-type', 'l', '-not', '-path', '*/rootfs/*', '-not', '-path', '*/upper/*', '-not', '-path', '*/layer/*']);
    assert.equal(writable.stdout, '');
    assert.equal(statSync(output).mode & 0o777, 0o644 & ~Number.parseInt(umask, 8));
    assert.ok(readFileSync(output).length > 0);
  });
}
