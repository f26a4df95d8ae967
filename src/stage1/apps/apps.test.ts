import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import type { App, PodManifest, RuntimeApp, Volume } from '#appc';
import { planEnvironment } from './environment.ts';
import { planApp, resolveInRootfs } from './index.ts';
import { planVolumeMounts } from './mounts.ts';
import { findAppProgram } from './program.ts';
import { resolveGroup, resolveUser } from './user.ts';

const root = mkdtempSync(join(tmpdir(), 'rkt-apps-'));
after(() => rmSync(root, { recursive: true, force: true }));
const skip = process.getuid?.() === 0 ? false : 'changing owners needs root';
let counter = 0;

type Entry = string | { link: string } | { executable: string };

function rootfs(files: Record<string, Entry> = {}): string {
  const path = join(root, String(counter++));
  mkdirSync(path);
  for (const [name, entry] of Object.entries<Entry>({ 'bin/a': { executable: '' }, ...files })) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    if (typeof entry === 'string') writeFileSync(join(path, name), entry);
    else if ('link' in entry) symlinkSync(entry.link, join(path, name));
    else writeFileSync(join(path, name), entry.executable, { mode: 0o755 });
  }
  return path;
}

const app = (fields: Partial<App> = {}): App => ({ exec: ['/bin/a'], user: '0', group: '0', ...fields });
const runtimeApp = (fields: object = {}, of: Partial<App> = {}): RuntimeApp =>
  ({ name: 'main', image: { id: 'sha512-0' }, app: app(of), ...fields }) as unknown as RuntimeApp;
const volume = (fields: object): Volume => fields as Volume;
const plan = (input: { rootfs?: string; podDir?: string; app?: RuntimeApp; volumes?: Volume[]; warnings?: string[] }) =>
  planApp({
    podDir: input.podDir ?? rootfs(),
    rootfs: input.rootfs ?? rootfs(),
    manifest: { volumes: input.volumes ?? null } as unknown as PodManifest,
    app: input.app ?? runtimeApp(),
    warn: (text) => input.warnings?.push(text),
  });

test('resolveInRootfs, links that lead out, stay inside', () => {
  const path = rootfs({ 'etc/passwd': { link: '/../../etc/passwd' }, up: { link: '../../..' }, abs: { link: '/etc' } });
  assert.equal(resolveInRootfs(path, '/up/etc'), '/etc');
  assert.equal(resolveInRootfs(path, '/abs/../x'), '/x');
  assert.equal(resolveInRootfs(path, '../../new/place'), '/new/place');
});

test('resolveInRootfs, a loop, throws', () => {
  const path = rootfs({ a: { link: 'b' }, b: { link: 'a' } });
  assert.throws(() => resolveInRootfs(path, '/a/x'), { code: 'path-loop' });
});

test('resolveUser and resolveGroup, numbers and names and root, are found', () => {
  const path = rootfs({ 'etc/passwd': 'root:x:0:0::/:\nuser1:x:1001:7::/:/bin/sh\n', 'etc/group': 'group1:x:1002:\n' });
  assert.deepEqual([resolveUser(path, '42'), resolveUser(path, 'root'), resolveUser(path, 'user1')], [42, 0, 1001]);
  assert.equal(resolveGroup(path, 'group1'), 1002);
});

test('resolveUser, a path, is the owner of the file', () => {
  const path = rootfs({ file: 'x' });
  assert.equal(resolveUser(path, '/file'), statSync(join(path, 'file')).uid);
});

test('resolveUser, a passwd that links to the host, is not the host', () => {
  const outside = rootfs({ passwd: 'daemon:x:1:1::/:\n' });
  const path = rootfs({ 'etc/passwd': { link: `${outside}/passwd` } });
  assert.throws(() => resolveUser(path, 'daemon'), { message: /"daemon" user not found/ });
});

test('resolveUser, a passwd that is a pipe, a device, a directory or below a file, is none, and is not waited for', { skip }, () => {
  for (const make of [['mkfifo'], ['mknod', '-m', '666', 'c', '1', '5'], ['mkdir']]) {
    const path = rootfs({ 'etc/group': '' });
    const [program = '', ...kind] = make;
    execFileSync(program, program === 'mknod' ? [...kind.slice(0, 2), join(path, 'etc/passwd'), ...kind.slice(2)] : [join(path, 'etc/passwd')]);
    assert.throws(() => resolveUser(path, 'user'), { code: 'user-not-found' }, program);
  }
  assert.throws(() => resolveUser(rootfs({ etc: '' }), 'user'), { code: 'user-not-found' });
});

test('resolveUser, resolveGroup, unknown names, throw', () => {
  assert.throws(() => resolveUser(rootfs(), 'user2'), { code: 'user-not-found', message: /"user2" user not found/ });
  assert.throws(() => resolveGroup(rootfs(), 'group2'), { code: 'group-not-found', message: /"group2" group not found/ });
});

test('planEnvironment, precedence, manifest over defaults and executor over manifest', () => {
  const environment = [{ name: 'PATH', value: '/x' }, { name: 'AC_APP_NAME', value: 'lie' }];
  const planned = planEnvironment({ appName: 'main', environment, terminal: 'vt100' });
  assert.deepEqual(
    ['PATH', 'AC_APP_NAME', 'TERM', 'HOME', 'container'].map((name) => planned.get(name)),
    ['/x', 'main', 'vt100', '/root', 'rkt'],
  );
});

test('findAppProgram, a bare name, is looked up along the path of the app', () => {
  const path = rootfs({ 'opt/prog': { executable: '' }, 'bin/link': { link: '/opt/prog' } });
  chmodSync(join(path, 'opt'), 0o755);
  assert.equal(findAppProgram(path, 'prog', '/', '/bin:/opt'), '/opt/prog');
  assert.equal(findAppProgram(path, 'link', '/', undefined), '/bin/link');
  assert.equal(findAppProgram(path, 'sub/prog', '/work', undefined), '/work/sub/prog');
  assert.throws(() => findAppProgram(path, 'nowhere', '/', '/bin'), { code: 'program-not-found' });
});

test('planVolumeMounts, a mount of a mount point, takes its place and its readOnly', () => {
  const volumes = [volume({ name: 'data', kind: 'host', source: '/s' }), volume({ name: 'rw', kind: 'empty', readOnly: false })];
  const mountPoints = [{ name: 'data', path: '/data', readOnly: true }, { name: 'rw', path: '/rw', readOnly: true }] as unknown as NonNullable<App['mountPoints']>;
  const planned = planVolumeMounts(runtimeApp({ mounts: [{ volume: 'data', path: '/elsewhere' }] }, { mountPoints }), volumes);
  assert.deepEqual(
    planned.map(({ path, readOnly, implicit }) => [path, readOnly, implicit]),
    [['/elsewhere', true, false], ['/data', true, false], ['/rw', false, false]],
  );
});

test('planVolumeMounts, a mount of no volume, throws', () => {
  assert.throws(() => planVolumeMounts(runtimeApp({ mounts: [{ volume: 'x', path: '/x' }] }), []), { code: 'volume-not-found' });
});

test('planApp, an unmet mount point, gets an empty volume and a warning', { skip }, () => {
  const warnings: string[] = [];
  const mountPoints = [{ name: 'cache', path: '/cache' }] as unknown as NonNullable<App['mountPoints']>;
  const { mounts } = plan({ app: runtimeApp({}, { mountPoints }), warnings });
  assert.ok(mounts[0]!.source.endsWith('/sharedVolumes/main-cache'));
  assert.match(warnings.join(), /no volume specified for mount point "cache"/);
});

test('planApp, an empty volume, has its mode and owner', { skip }, () => {
  const empty = volume({ name: 'e', kind: 'empty', mode: '1770', uid: 12, gid: 13 });
  const { mounts } = plan({ app: runtimeApp({ mounts: [{ volume: 'e', path: '/e' }] }), volumes: [empty] });
  const stat = statSync(mounts[0]!.source);
  assert.deepEqual([stat.mode & 0o7777, stat.uid, stat.gid], [0o1770, 12, 13]);
});

test('planApp, a target through links, is the place inside the rootfs', () => {
  const path = rootfs({ link: { link: '/../../tmp' } });
  const host = volume({ name: 'h', kind: 'host', source: root });
  const { mounts } = plan({ rootfs: path, app: runtimeApp({ mounts: [{ volume: 'h', path: '/link/x' }] }), volumes: [host] });
  assert.equal(mounts[0]!.target, '/tmp/x');
});

test('planApp, a host volume that is not there, throws naming it', () => {
  const host = volume({ name: 'h', kind: 'host', source: '/not/there' });
  assert.throws(() => plan({ app: runtimeApp({ mounts: [{ volume: 'h', path: '/h' }] }), volumes: [host] }), {
    message: 'Failed to stat /not/there: No such file or directory',
  });
});

test('planApp, a device as a volume, tells its numbers', () => {
  const host = volume({ name: 'h', kind: 'host', source: '/dev/null' });
  const { mounts } = plan({ app: runtimeApp({ mounts: [{ volume: 'h', path: '/h' }] }), volumes: [host] });
  assert.deepEqual(mounts[0]!.device, { type: 'c', major: 1, minor: 3 });
});

test('planApp, nothing to execute, throws', () => {
  assert.throws(() => plan({ app: runtimeApp({}, { exec: [] }) }), { code: 'no-exec' });
});

test('planApp, a program that is not in the image, throws as rkt diagnoses it, unless a volume may bring it', { skip }, () => {
  const missing = { exec: ['/opt/tool/run'] };
  const words = /^Error: Unable to open "\/opt\/tool\/run": No such file or directory$/;
  assert.throws(() => plan({ app: runtimeApp({}, missing) }), { message: words });
  const volumes = [volume({ name: 'tool', kind: 'empty' })];
  assert.equal(plan({ app: runtimeApp({ mounts: [{ volume: 'tool', path: '/opt' }] }, missing), volumes }).args[0], '/opt/tool/run');
});
