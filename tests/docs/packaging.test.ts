import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { commandLinesIn } from '../../scripts/docs/pages.ts';
import { parseCommandLine } from '../../src/cli/parse/command-line.ts';

const directory = join(import.meta.dirname, '../../packaging/systemd');
const units = readdirSync(directory).filter((name) => /\.(service|socket|timer)$/.test(name));
const textOf = (unit: string): string => readFileSync(join(directory, unit), 'utf8');

/** `Environment=NAME=VALUE` put in where `${NAME}` stands, as systemd does. */
function withEnvironment(text: string): string {
  const values = new Map([...text.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));
  return text.replaceAll(/\$\{(\w+)\}/g, (all, name: string) => values.get(name) ?? all);
}

test('the units, every command line of rkt in them, parses', () => {
  const lines = units.flatMap((unit) => withEnvironment(textOf(unit)).split('\n').flatMap((line) => commandLinesIn(line)));
  assert.ok(lines.length >= 3);
  for (const words of lines) assert.doesNotThrow(() => parseCommandLine(words), words.join(' '));
});

test('the units, a timer and a socket, have their service, twice a day and a day of grace', () => {
  for (const unit of units) assert.ok(units.includes(unit.replace(/\.(socket|timer)$/, '.service')), unit);
  assert.match(textOf('rkt-gc.timer'), /^OnUnitActiveSec=12h$/m);
  assert.match(textOf('rkt-gc.service'), /^Environment=GRACE_PERIOD=24h$/m);
});

test('sysusers and tmpfiles, as the systemd of this machine reads them, make the user, the group and its directories', needs('root', 'systemd-sysusers', 'systemd-tmpfiles'), (t) => {
  const root = mkdtempSync(join(tmpdir(), 'rkt-packaging-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const parent of ['etc', 'var/lib']) mkdirSync(join(root, parent), { recursive: true });
  const make = (program: string, kind: string, ...flags: string[]) =>
    execFileSync(program, [`--root=${root}`, ...flags, '-'], { input: readFileSync(join(directory, `../${kind}/rkt.conf`)) });
  make('systemd-sysusers', 'sysusers.d');
  const [, uid, gid] = /^rkt:x:(\d+):(\d+):.*:\/usr\/sbin\/nologin$/m.exec(readFileSync(join(root, 'etc/passwd'), 'utf8'))!;
  assert.match(readFileSync(join(root, 'etc/group'), 'utf8'), new RegExp(`^rkt:x:${gid}:$`, 'm'));
  assert.notEqual(uid, '0');
  make('systemd-tmpfiles', 'tmpfiles.d', '--create');
  const cas = statSync(join(root, 'var/lib/rkt/cas'));
  assert.deepEqual([cas.uid, cas.gid, cas.mode & 0o7777], [0, Number(gid), 0o3770]);
});

test('the profile of AppArmor, is one that its parser takes, by the name that rkt looks for', needs('apparmor_parser'), () => {
  const profile = join(import.meta.dirname, '../../packaging/apparmor.d/rkt-default');
  assert.equal(execFileSync('apparmor_parser', ['--skip-kernel-load', '--skip-cache', '--names', profile], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }), 'rkt-default\n');
});
