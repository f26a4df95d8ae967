import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeKey, needs, rktProgram, run } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const terminal = needs('root', 'gpg', 'script');
const quoted = (words: readonly string[]): string => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');

/** Runs rkt at a terminal, where a person types `input`. */
async function typing(scene: Scene, args: readonly string[], input: string): Promise<{ status: number; text: string }> {
  const command = quoted([rktProgram(), ...scene.home.flags, ...args]);
  const { status, stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null'], { input });
  return { status, text: stdout.replaceAll('\r', '') };
}

test('trust, at a terminal, shows the fingerprint, asks until there is an answer, and trusts after a yes', terminal, async () => {
  await using scene = openScene();
  using key = makeKey();
  const groups = key.fingerprint.toUpperCase().match(/.{4}/g)!;
  const shown = `gpg key fingerprint is: ${groups.slice(0, 5).join(' ')}  ${groups.slice(5).join(' ')}\n\tTest Key <test@example.com>\n`;
  const prefix = ['trust', '--prefix=example.com/busybox', key.publicKeyFile];
  const path = join(scene.home.localConfig, 'trustedkeys/prefix.d/example.com/busybox', key.fingerprint);

  const refused = await typing(scene, prefix, 'perhaps\nno\n');
  assert.ok(refused.text.includes(shown), refused.text);
  assert.match(refused.text, /Are you sure you want to trust this key \(yes\/no\)\?/);
  assert.match(refused.text, /Please enter 'yes' or 'no'/);
  assert.match(refused.text, /not trusting/);
  assert.equal(existsSync(path), false);

  const accepted = await typing(scene, prefix, 'yes\n');
  assert.deepEqual([accepted.status, existsSync(path)], [0, true]);
  assert.match(accepted.text, new RegExp(`^Added key for prefix "example\\.com/busybox" at "${path}"$`, 'm'));
  const root = await typing(scene, ['trust', '--root', key.publicKeyFile], 'yes\n');
  assert.match(root.text, /^Added root key at ".*\/root\.d\/[0-9a-f]{40}"$/m);
});

test('trust, the same again or without a terminal, changes nothing or is refused', terminal, async () => {
  await using scene = openScene();
  using key = makeKey();
  const trust = ['trust', '--root', key.publicKeyFile];
  assert.match((await scene.rkt(trust, { status: 254 })).output, /unable to ask user to review fingerprint due to lack of tty/);
  const first = await scene.rkt([...trust, '--skip-fingerprint-review']);
  const again = await scene.rkt([...trust, '--skip-fingerprint-review']);
  assert.equal(again.stdout, first.stdout);
  assert.equal((await scene.rkt(['trust', '--list'])).stdout.trim().split('\n').length, 2);
});

test('trust, a key of the system, masked by --remove and trusted again', terminal, async () => {
  await using scene = openScene();
  using key = makeKey();
  key.sign(scene.aci);
  await scene.rkt([`--local-config=${scene.home.systemConfig}`, 'trust', '--root', '--skip-fingerprint-review', key.publicKeyFile]);
  const id = (await scene.rkt(['fetch', '--full', scene.aci])).stdout.trim();
  assert.match((await scene.rkt(['trust', '--remove', key.fingerprint])).stdout, /^Masked root key by ".*\/local\/trustedkeys\/root\.d\//);
  assert.match((await scene.rkt(['trust', '--list'])).stdout, /\tsystem\tmasked$/m);
  assert.match((await scene.rkt(['prepare', id], { status: 254 })).output, /is no longer trusted for "example\.com\/busybox"/);
  assert.match((await scene.rkt(['fetch', scene.aci], { status: 254 })).output, /signature made by unknown entity/);
  await scene.rkt(['trust', '--root', '--skip-fingerprint-review', key.publicKeyFile]);
  await scene.rkt(['prepare', id, '--exec=/bin/true']);
});
