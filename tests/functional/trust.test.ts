import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeKey, needs, rktProgram, run } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const here = needs('root', 'gpg');

/** `rkt trust` with somebody at the terminal who types an answer. */
function trustAtTerminal({ home }: Scene, args: readonly string[], answer: string): ReturnType<typeof run> {
  const command = [rktProgram(), ...home.flags, 'trust', ...args].join(' ');
  return run('script', ['--quiet', '--return', '--command', command, '/dev/null'], { input: `${answer}\n` });
}

test('trust, a key that is accepted on a terminal, is kept under its fingerprint', needs('root', 'gpg', 'script'), async () => {
  await using scene = openScene();
  using key = makeKey();
  const { status, stdout } = await trustAtTerminal(scene, ['--root', key.publicKeyFile], 'yes');
  assert.equal(status, 0);
  assert.match(stdout, /Are you sure you want to trust this key/);
  assert.match(stdout, /Added root key at/);
  assert.ok(existsSync(join(scene.home.localConfig, 'trustedkeys/root.d', key.fingerprint)));
});

test('trust, a key that is not accepted, is not kept', needs('root', 'gpg', 'script'), async () => {
  await using scene = openScene();
  using key = makeKey();
  const { stdout } = await trustAtTerminal(scene, ['--prefix=example.com', key.publicKeyFile], 'no');
  assert.match(stdout, /not trusting/);
  assert.equal(existsSync(join(scene.home.localConfig, 'trustedkeys/prefix.d/example.com', key.fingerprint)), false);
});

test('trust, nobody at a terminal, keeps nothing and says how to go without a review', here, async () => {
  await using scene = openScene();
  using key = makeKey();
  const { stderr } = await scene.rkt(['trust', '--root', key.publicKeyFile], { status: 254 });
  assert.match(stderr, /unable to ask user to review fingerprint due to lack of tty/);
  assert.equal(existsSync(join(scene.home.localConfig, 'trustedkeys')) && readdirSync(join(scene.home.localConfig, 'trustedkeys/root.d')).length > 0, false);
});

test('trust, without a scope, is refused', here, async () => {
  await using scene = openScene();
  using key = makeKey();
  assert.match((await scene.rkt(['trust', key.publicKeyFile], { status: 254 })).stderr, /implicit unbounded trust/);
  await scene.rkt(['trust', '--root', '--prefix=example.com', key.publicKeyFile], { status: 254 });
  assert.match((await scene.rkt(['trust'], { status: 254 })).stdout, /rkt trust \[--prefix=PREFIX\]/);
});

test('trust, an empty local file, masks a key of the system', here, async () => {
  await using scene = openScene();
  using key = makeKey();
  key.sign(scene.aci);
  const system = [...scene.home.flags.filter((flag) => !flag.startsWith('--local-config')), `--local-config=${scene.home.systemConfig}`];
  await run(rktProgram(), [...system, 'trust', '--skip-fingerprint-review', '--prefix=example.com', key.publicKeyFile]);
  assert.ok(readFileSync(join(scene.home.systemConfig, 'trustedkeys/prefix.d/example.com', key.fingerprint), 'utf8').length > 0);
  await scene.rkt(['fetch', scene.aci]);
  await scene.rkt(['trust', '--skip-fingerprint-review', '--prefix=example.com', key.publicKeyFile]);
  writeFileSync(join(scene.home.localConfig, 'trustedkeys/prefix.d/example.com', key.fingerprint), '');
  assert.match((await scene.rkt(['run', '--net=none', scene.aci], { status: 254 })).stderr, /signature made by unknown entity/);
});

test('run, a signed image, is verified, says by whom and runs', here, async () => {
  await using scene = openScene();
  using key = makeKey('Signer <signer@example.com>');
  key.sign(scene.aci);
  await scene.rkt(['trust', '--skip-fingerprint-review', '--prefix=example.com', key.publicKeyFile]);
  const { stderr, stdout } = await scene.rkt(['run', '--net=none', scene.aci, '--exec=/bin/echo', '--', 'verified']);
  assert.equal(stdout, 'verified\n');
  assert.match(stderr, /signature verified:\n\s+Signer <signer@example\.com>/);
});
