import assert from 'node:assert/strict';
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { parseAcIdentifier } from '#appc';
import { findImage } from './find-image.ts';
import { Gpg } from './testing/gpg.ts';
import { Sandbox } from './testing/sandbox.ts';

let box: Sandbox;
let gpg: Gpg;
let key: string;

before(() => {
  gpg = new Gpg();
  key = gpg.makeKey('signer@example.com');
});
after(() => gpg[Symbol.dispose]());
beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => box[Symbol.dispose]());

const NEW = { pullPolicy: 'new' } as const;
const home = process.cwd();
afterEach(() => process.chdir(home));

test('findImage, path without a signature, refused in the words of rkt', async () => {
  const path = box.makeAci('example.com/app');
  process.chdir(box.root);
  await assert.rejects(findImage('nonexist.aci', NEW, box.context()), {
    message: 'open nonexist.aci.asc: no such file or directory',
    hint: 'and there is no image file "nonexist.aci"',
  });
  await assert.rejects(findImage(path, NEW, box.context()), { code: 'no-signature', hint: /needs a signature/ });
  assert.ok(box.lines.includes('image: error opening signature file'));
  assert.deepEqual(box.store.list(), []);
});

for (const compression of [undefined, '--gzip', '--xz', '--bzip2'] as const) {
  test(`findImage, signed path compressed by ${compression ?? 'nothing'}, imported`, async () => {
    const path = box.makeAci('example.com/app', compression === undefined ? {} : { compression });
    writeFileSync(`${path}.asc`, gpg.sign(key, path));
    const ctx = box.context();
    ctx.keystore.add(parseAcIdentifier('example.com'), key, gpg.publicKey(key));
    const id = await findImage(path, NEW, ctx);
    assert.equal(box.store.get(id)?.manifest.name, 'example.com/app');
    assert.ok(box.lines.includes(`image: using image from file ${path}`));
    assert.ok(box.lines.includes('image: signature verified:\n  Test <signer@example.com>'));
  });
}

test('findImage, signed by an unknown key, refused and not in the store', async () => {
  const path = box.makeAci('example.com/app');
  writeFileSync(`${path}.asc`, gpg.sign(key, path));
  await assert.rejects(findImage(path, NEW, box.context()), { message: 'openpgp: signature made by unknown entity' });
  assert.deepEqual(box.store.list(), []);
});

test('findImage, signature elsewhere, --signature finds it', async () => {
  const path = box.makeAci('example.com/app');
  const signatureFile = box.path('elsewhere.sig');
  writeFileSync(signatureFile, gpg.sign(key, path));
  const ctx = box.context();
  ctx.keystore.add(undefined, key, gpg.publicKey(key));
  await findImage(path, { ...NEW, signatureFile }, ctx);
});

test('findImage, verification off, path relative, file URL and plain name of a file, all the same image', async () => {
  const path = box.makeAci('example.com/app');
  copyFileSync(path, box.path('plain'));
  process.chdir(box.root);
  const ctx = box.context('image');
  const ids = new Set<string>();
  for (const text of [path, `./${path.slice(box.root.length + 1)}`, `file://${path}`, 'plain']) {
    ids.add(await findImage(text, NEW, ctx));
  }
  assert.equal(ids.size, 1);
  assert.ok(box.lines.includes('image: warning: image signature verification has been disabled'));
});

test('findImage, hash prefix of a stored image, its ID; unknown, refused', async () => {
  const ctx = box.context('image');
  const id = await findImage(box.makeAci('example.com/app'), NEW, ctx);
  assert.equal(await findImage(id.slice(0, 20), NEW, ctx), id);
  await assert.rejects(findImage('sha512-123412341234', NEW, ctx), { message: 'no image IDs found' });
});

test('findImage, name in the store, found with the policies that look there', async () => {
  const ctx = box.context('image');
  const id = await findImage(box.makeAci('example.com/app'), NEW, ctx);
  for (const pullPolicy of ['never', 'new'] as const) {
    assert.equal(await findImage('example.com/app:1.0.0', { pullPolicy }, ctx), id);
  }
  assert.ok(box.lines.includes('image: using image from local store for image name example.com/app:1.0.0'));
});

test('findImage, name not in the store, refused saying what to do', async () => {
  const ctx = box.context('image');
  await assert.rejects(findImage('127.0.0.1/none', { pullPolicy: 'never' }, ctx), /unable to fetch image from image name "127\.0\.0\.1\/none"/);
  await assert.rejects(findImage('127.0.0.1/none', NEW, ctx), (error: { hint?: string; message: string }) =>
    error.message.startsWith('discovery failed for "127.0.0.1/none": no endpoints discovered: cannot reach https:') && /docker:\/\//.test(error.hint ?? ''));
});

test('findImage, image whose dependency is in the store, both found; missing, refused', async () => {
  const ctx = box.context('image');
  const dependent = (imageName: string) => box.makeAci('example.com/app', { manifest: { dependencies: [{ imageName }] } });
  await findImage(box.makeAci('example.com/base'), NEW, ctx);
  await findImage(dependent('example.com/base'), NEW, ctx);
  await assert.rejects(findImage(dependent('127.0.0.1/missing'), NEW, ctx), { code: 'no-discovery' });
});

test('findImage, other schemes, refused or taken as a name', async () => {
  const ctx = box.context('image');
  await assert.rejects(findImage('https://example.com/image.tar', NEW, ctx), { code: 'bad-image-string' });
  await assert.rejects(findImage('file://host/x.aci', NEW, ctx), { code: 'bad-image-string' });
  await assert.rejects(findImage('file:///%.aci', NEW, ctx), { code: 'bad-image-string' });
  await assert.rejects(findImage('file:///%00.aci', NEW, ctx), { name: 'ImageError' });
  await assert.rejects(findImage('UPPER', NEW, ctx), { code: 'bad-image-string', hint: '"UPPER" is neither the name of an image nor of a file' });
});

test('findImage, file replaced between verification and import, refused and not in the store', async () => {
  const path = box.makeAci('example.com/app');
  const evil = box.makeAci('example.com/app', { text: 'evil' });
  writeFileSync(`${path}.asc`, gpg.sign(key, path));
  const ctx = box.context();
  ctx.keystore.add(undefined, key, gpg.publicKey(key));
  for (const replace of [() => copyFileSync(evil, path), () => renameSync(evil, path)]) {
    const swapping = { ...ctx, report: { ...ctx.report, info: replace } };
    await assert.rejects(findImage(path, NEW, swapping), { code: 'file-changed' });
    assert.deepEqual(box.store.list(), []);
    copyFileSync(path, evil);
    writeFileSync(`${path}.asc`, gpg.sign(key, path));
  }
});
