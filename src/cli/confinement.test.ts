/** What the processes that fetch and unpack may do: as the kernel tells it, and as a program in their place finds it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { confinedArguments, runProgram } from '#sys';
import { planConfinement } from '#store';

const root = join(import.meta.dirname, '../..');
const confine = join(root, 'native/build/confine');
const skip = process.geteuid?.() === 0 ? false : 'needs root: it is about what root gives up';

/** CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD, SETFCAP. */
const UNPACKING = '000000008800001b';
/** DAC_READ_SEARCH. */
const PACKING = '0000000000000004';
const NONE = '0000000000000000';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rkt-confined-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A registry whose only layer stops in the middle. */
async function stallingRegistry(t: TestContext): Promise<string> {
  const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
  const { createHash } = await import('node:crypto');
  const config = JSON.stringify({ os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : 'arm64', config: {}, rootfs: { type: 'layers', diff_ids: [digest('b')] } });
  const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: hash(config), size: config.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digest('c'), size: 1_000_000 }],
  });
  const server: Server = createServer(({ url }, response) => {
    if (url!.includes('/manifests/')) response.setHeader('content-type', 'application/vnd.oci.image.manifest.v1+json').end(manifest);
    else if (url!.endsWith(digest('c'))) response.setHeader('content-length', 1_000_000).write(Buffer.alloc(100));
    else if (url!.includes('/blobs/')) response.end(config);
    else response.end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

async function findChild(pid: number, word: string): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const found = childrenOf(pid).find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0').includes(word) && !readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('\0--root\0'));
    // Node is at work when its threads are there.
    if (found !== undefined && readdirSync(`/proc/${found}/task`).length > 4) return found;
    await sleep(50);
  }
  throw new Error(`no child ${word} of ${pid}`);
}

/** Fields of /proc/PID/task/TID/status that must be the same for every thread. */
function statusOfThreads(pid: number): Record<string, string> {
  const fields = ['Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp'];
  const threads = readdirSync(`/proc/${pid}/task`).map((tid) => {
    const text = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
    return JSON.stringify(fields.map((field) => [field, new RegExp(`^${field}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(text)?.[1]]));
  });
  assert.ok(threads.length > 4);
  assert.deepEqual([...new Set(threads)], [threads[0]]);
  return Object.fromEntries(JSON.parse(threads[0]!) as [string, string][]);
}

/** What a process has open below a directory, and how. */
function filesOf(pid: number, below: string): { path: string; access: number }[] {
  const fds = readdirSync(`/proc/${pid}/fd`).map((fd) => ({ fd, path: readlinkSync(`/proc/${pid}/fd/${fd}`) }));
  return fds
    .filter(({ path }) => path.startsWith(below))
    .map(({ fd, path }) => {
      const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))![1]!, 8);
      return { path, access: flags & (ACCESS_MODE | constants.O_APPEND) };
    })
    .sort((a, b) => (a.path < b.path ? 1 : -1));
}

const ACCESS_MODE = 3;

const restricted = { Groups: '', CapInh: NONE, CapAmb: NONE, NoNewPrivs: '1', Seccomp: '2' };
const ids = (id: number): string => [id, id, id, id].join('\t');

/** `rkt fetch` that is at work until the test ends it. */
function startFetch(t: TestContext, source: string): { pid: number; home: string; kill(): Promise<unknown> } {
  const home = directory(t);
  const flags = ['dir', 'local-config', 'system-config', 'user-config'].map((name) => `--${name}=${join(home, name)}`);
  const rkt = spawn(join(root, 'bin/rkt'), [...flags, '--insecure-options=image,http', 'fetch', source], { stdio: 'ignore' });
  const ended = new Promise((resolve) => rkt.once('close', resolve));
  const kill = (): Promise<unknown> => {
    rkt.kill('SIGKILL');
    return ended;
  };
  t.after(kill);
  return { pid: rkt.pid!, home, kill };
}

function checkHasNothing(pid: number): void {
  const user = planConfinement({ path: '/', args: [], confine, files: [] }, {}).user!;
  assert.notEqual(user.uid, 0);
  assert.deepEqual(statusOfThreads(pid), {
    ...restricted, Uid: ids(user.uid), Gid: ids(user.gid), CapPrm: NONE, CapEff: NONE, CapBnd: NONE,
  });
  checkIsFenced(pid);
}

function checkIsFenced(pid: number): void {
  assert.equal(existsSync(`/proc/${pid}/root/etc/shadow`), false);
  assert.equal(existsSync(`/proc/${pid}/root/proc/self`), false);
  assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0/m);
  assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max data size +1073741824 +1073741824/m);
}

test('rkt fetch as root, the process that downloads and the one that unpacks, have what they need and no more', { skip }, async (t) => {
  const host = await stallingRegistry(t);
  const rkt = startFetch(t, `docker://${host}/x`);
  const fetcher = await findChild(rkt.pid, '__fetch');
  const unpacker = await findChild(rkt.pid, '__unpack');
  checkHasNothing(fetcher);
  assert.deepEqual(statusOfThreads(unpacker), {
    ...restricted, Uid: ids(0), Gid: ids(0), CapPrm: UNPACKING, CapEff: UNPACKING, CapBnd: UNPACKING,
  });
  const { home } = rkt;
  const partial = join(home, 'dir/cas/tmp', `blob-sha256-${'c'.repeat(64)}.partial`);
  for (let tries = 0; tries < 100 && filesOf(fetcher, home).length === 0; tries++) await sleep(20);
  assert.deepEqual(filesOf(fetcher, home), [{ path: partial, access: constants.O_WRONLY | constants.O_APPEND }]);
  const [archive, temporary] = filesOf(unpacker, home);
  assert.deepEqual(archive, { path: partial, access: constants.O_RDONLY });
  assert.match(temporary!.path, /\/cas\/private\/layer-\w+$/);
  checkIsFenced(unpacker);
  await rkt.kill();
  for (let tries = 0; tries < 100 && [fetcher, unpacker].some((pid) => existsSync(`/proc/${pid}/root/lib`)); tries++) await sleep(20);
  assert.deepEqual([fetcher, unpacker].map((pid) => existsSync(`/proc/${pid}/root/lib`)), [false, false], 'they die with rkt');
});

/** An archive that takes long to read, and no room: its files are holes. */
function longArchive(t: TestContext): string {
  const path = join(directory(t), 'long.tar');
  const size = 0o77777777777 - 511;
  const fd = openSync(path, 'w');
  for (let entry = 0; entry < 6; entry++) {
    const header = Buffer.alloc(512);
    header.write(`file${entry}`);
    header.write('0000644\0', 100);
    header.write(size.toString(8), 124);
    header.write('0ustar\x0000', 156, 'latin1');
    header.write('        ', 148);
    header.write(`${header.reduce((sum, byte) => sum + byte).toString(8).padStart(6, '0')}\0 `, 148);
    writeSync(fd, header, 0, 512, entry * (size + 512));
  }
  ftruncateSync(fd, 6 * (size + 512));
  closeSync(fd);
  return path;
}

test('rkt fetch of an archive as root, the process that reads it, has the archive and nothing else', { skip }, async (t) => {
  const path = longArchive(t);
  const rkt = startFetch(t, `oci-archive:${path}`);
  const reader = await findChild(rkt.pid, '__fetch');
  checkHasNothing(reader);
  const open = readdirSync(`/proc/${reader}/fd`).map((fd) => readlinkSync(`/proc/${reader}/fd/${fd}`));
  const files = open.filter((each) => each.startsWith('/') && !each.startsWith('/dev/'));
  assert.equal(files.includes(path), true);
  assert.equal(files.every((each) => each === path || each.includes('/cas/private/scratch')), true, files.join());
});

/** Fetches an ACI with one file that cannot be compressed. @returns what starts rkt with it, for the time of the test */
async function fetchNoise(t: TestContext, home: string, size: number): Promise<(...args: string[]) => number> {
  const build = mkdtempSync(join(home, 'aci-'));
  mkdirSync(join(build, 'rootfs'));
  writeFileSync(join(build, 'rootfs/noise'), randomBytes(size));
  writeFileSync(join(build, 'manifest'), JSON.stringify({ acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/noise', labels: [] }));
  await runProgram('/bin/tar', ['-C', build, '-cf', join(home, 'noise.aci'), 'manifest', 'rootfs']);
  const flags = [`--dir=${join(home, 'data')}`, '--insecure-options=image,http'];
  const { status, stderr } = await runProgram(join(root, 'bin/rkt'), [...flags, 'fetch', join(home, 'noise.aci')]);
  assert.equal(status, 0, stderr);
  return (...args) => {
    const rkt = spawn(join(root, 'bin/rkt'), [...flags, ...args], { stdio: 'ignore' });
    const ended = new Promise((resolve) => rkt.once('close', resolve));
    t.after(() => {
      rkt.kill('SIGKILL');
      return ended;
    });
    return rkt.pid!;
  };
}

test('rkt image push as root, the process that speaks to the registry, may read what is pushed and nothing else', { skip }, async (t) => {
  const home = directory(t);
  const start = await fetchNoise(t, home, 1000);
  const server = createServer(({ method, url }, response) => {
    if (url === '/v2/') response.end();
    else if (method === 'HEAD') response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const pid = start('image', 'push', 'example.com/noise', `docker://127.0.0.1:${(server.address() as AddressInfo).port}/noise`);
  const pusher = await findChild(pid, '__fetch');
  checkHasNothing(pusher);
  const mounts = readFileSync(`/proc/${pusher}/mountinfo`, 'utf8').split('\n').filter((line) => line.includes(home));
  assert.equal(mounts.length, 1);
  assert.match(mounts[0]!, new RegExp(` ${join(home, 'data/cas/private/scratch-')}\\w+/blobs ro,nosuid,nodev`));
});

test('rkt image export as root, the process that reads the tree, may read that and nothing else', { skip }, async (t) => {
  const home = directory(t);
  // Compressing it takes longer than reading it: the reader has to wait.
  const start = await fetchNoise(t, home, 150 << 20);
  const reader = await findChild(start('image', 'export', '--format=oci', 'example.com/noise', join(home, 'layout')), '__archive');
  const user = planConfinement({ path: '/', args: [], confine, files: [] }, {}).user!;
  assert.deepEqual(statusOfThreads(reader), {
    ...restricted, Uid: ids(user.uid), Gid: ids(user.gid), CapInh: PACKING, CapPrm: PACKING, CapEff: PACKING, CapBnd: PACKING, CapAmb: PACKING,
  });
  checkIsFenced(reader);
  assert.match(readFileSync(`/proc/${reader}/mountinfo`, 'utf8'), new RegExp(` ${join(home, 'data/cas/tmp')} ro,nosuid,nodev`));
});

/** Tries what it must not; prints what it could do. */
const ATTACK = `
const fs = require('node:fs'), net = require('node:net'), { spawnSync } = require('node:child_process');
const [secret, outside, tree, port, parent] = process.argv.slice(1);
const tries = {
  readSecret: () => fs.readFileSync(secret), readShadow: () => fs.readFileSync('/etc/shadow'),
  listRoot: () => fs.readdirSync('/'), writeOutside: () => fs.writeFileSync(outside, 'x'),
  writeLibrary: () => fs.writeFileSync('/usr/lib/x', 'x'), climb: () => fs.readFileSync(tree + '/../../' + 'secret'),
  readLinked: () => { fs.symlinkSync(secret, tree + '/link'); fs.readFileSync(tree + '/link'); },
  becomeRoot: () => { process.setuid(0); if (fs.existsSync(secret)) throw 0; fs.writeFileSync(outside, 'x'); },
  signalParent: () => process.kill(Number(parent), 0), readProc: () => fs.readFileSync('/proc/1/environ'),
  runProgram: () => { const { error } = spawnSync(process.execPath, ['-v']); if (error) throw error; },
  readTree: () => fs.readFileSync(tree + '/given'), writeTree: () => fs.writeFileSync(tree + '/file', 'x'), chownTree: () => fs.chownSync(tree + '/file', 1234, 1234),
};
const could = Object.keys(tries).filter((name) => { try { tries[name](); return true; } catch { return false; } });
const attempt = (name, make) => new Promise((done) => { try { make(() => { could.push(name); done(); }).on('error', () => done()); } catch { done(); } });
(async () => {
  await attempt('connect', (ok) => net.connect(Number(port), '127.0.0.1', ok));
  await attempt('listen', (ok) => net.createServer().listen(0, '127.0.0.1', ok));
  fs.writeSync(1, JSON.stringify(could)); process.exit(0);
})();`;

async function attack(t: TestContext, change: object, treeAs?: 'writable' | 'readOnly'): Promise<string[]> {
  const home = directory(t);
  const [secret, outside, tree] = [join(home, 'secret'), join(home, 'outside'), mkdtempSync(join(home, 'store-'))];
  for (const path of [secret, join(tree, 'given')]) writeFileSync(path, 'secret', { mode: 0o600 });
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const self = { path: process.execPath, args: [], confine, files: [] };
  const confinement = { ...planConfinement(self, treeAs === undefined ? {} : { [treeAs]: [tree] }), ...change };
  const args = ['-e', ATTACK, secret, outside, tree, String((server.address() as AddressInfo).port), String(process.pid)];
  const { stdout, stderr } = await runProgram(confine, confinedArguments(confinement, process.execPath, args));
  assert.equal(existsSync(outside), false);
  assert.equal(readFileSync(secret, 'utf8'), 'secret');
  return JSON.parse(stdout || JSON.stringify(stderr)) as string[];
}

test('a program in place of the one that downloads, can connect and nothing else', { skip }, async (t) => {
  assert.deepEqual(await attack(t, { network: true }), ['connect']);
});

test('a program in place of the one that verifies, can start another like itself and nothing else', { skip }, async (t) => {
  assert.deepEqual(await attack(t, { fork: true }), ['runProgram']);
});

test('a program in place of the one that unpacks, can write into its tree and nothing else', { skip }, async (t) => {
  const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD', 'SETFCAP'];
  assert.deepEqual(await attack(t, { user: { uid: 0, gid: 0 }, capabilities }, 'writable'), ['readTree', 'writeTree', 'chownTree']);
});

test('a program in place of the one that packs, can read its tree, whoever the files belong to, and nothing else', { skip }, async (t) => {
  assert.deepEqual(await attack(t, { capabilities: ['DAC_READ_SEARCH'] }, 'readOnly'), ['readTree']);
});

test('a program behind Landlock alone, as for one who is not root, reads no file but its own', { skip }, async (t) => {
  const { user: _, ...alone } = planConfinement({ path: process.execPath, args: [], confine, files: [] }, {});
  const home = directory(t);
  writeFileSync(join(home, 'secret'), 'x');
  const script = `const fs=require('node:fs');try{fs.readFileSync(${JSON.stringify(join(home, 'secret'))});console.log('read')}catch(e){console.log(process.env.RKT_LANDLOCK, e.code)}`;
  const { stdout } = await runProgram(confine, confinedArguments({ ...alone, ownRoot: false }, process.execPath, ['-e', script]));
  if (stdout.startsWith('0 ') || stdout === 'read\n') return t.skip('the kernel has no Landlock');
  assert.match(stdout, /^\d+ EACCES\n$/);
});
