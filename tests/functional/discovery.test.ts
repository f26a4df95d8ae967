import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type AciSite, makeKey, needs, startAciSite } from '#tests/support';
import { openScene, type Scene } from './scene.ts';

const arch = process.arch === 'arm64' ? 'aarch64' : 'amd64';
const root = needs('root', 'openssl');
const signed = needs('root', 'openssl', 'gpg');
const app = (text: string) => ({ app: { exec: ['/bin/echo', text] } });

/** Puts an image on the site, at `/<base name>.aci`. @returns the file it was made as */
function publish(site: AciSite, scene: Scene, base: string, options: Parameters<Scene['makeAci']>[1] = {}): string {
  const path = scene.makeAci(`${base}.aci`, { name: `${site.host}/${base}`, ...options });
  const bytes = readFileSync(path);
  site.files.set(`/${site.host}/${base}.aci`, (request, response) => {
    response.setHeader('cache-control', 'max-age=86400');
    response.setHeader('etag', `"${base}"`);
    if (request.headers['if-none-match'] === `"${base}"`) response.writeHead(304).end();
    else response.end(bytes);
  });
  return path;
}

const insecure = (...args: string[]) => ['--debug', '--insecure-options=image,tls', ...args];

test('fetch, a name, is discovered at the page above it and then found in the store', root, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  site.discover('/', [`${site.origin}/{name}.{ext}`]);
  publish(site, scene, 'worker');
  const { stdout, output } = await scene.rkt(insecure('fetch', `${site.host}/worker`));
  assert.match(stdout, /^sha512-[0-9a-f]{32}\n$/);
  const url = `${site.origin}/${site.host}/worker.aci`;
  assert.ok(output.includes(`image: remote fetching from URL "${url}"`), output);
  assert.ok(output.includes(`image: fetching image from ${url}`), output);
  assert.deepEqual(site.requests, ['GET /worker?ac-discovery=1', 'GET /?ac-discovery=1', `GET /${site.host}/worker.aci`]);
  const again = await scene.rkt(insecure('fetch', '--pull-policy=new', `${site.host}/worker`));
  assert.ok(again.output.includes(`image: using image from local store for image name ${site.host}/worker`), again.output);
  assert.equal(site.requests.length, 3);
  const update = await scene.rkt(insecure('fetch', `${site.host}/worker`));
  assert.ok(update.output.includes(`image: image for ${url} isn't expired, not fetching.`), update.output);
  assert.equal(update.stdout, stdout);
});

test('fetch, a name without TLS checks allowed or that nobody offers, is refused', root, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  site.discover('/', [`${site.origin}/{name}-{channel}.{ext}`]);
  const text = `discovery failed for "${site.host}/worker": no endpoints discovered: `;
  const verified = await scene.rkt(['--insecure-options=image', 'fetch', `${site.host}/worker`], { status: 254 });
  assert.ok(verified.output.includes(`${text}cannot reach https://${site.host}/worker`), verified.output);
  const unfilled = await scene.rkt(insecure('fetch', `${site.host}/worker`), { status: 254 });
  assert.ok(unfilled.output.includes(`meta tag 'ac-discovery' not found on ${site.host}/worker: expected a 200 OK got 404`), unfilled.output);
  assert.ok(unfilled.output.includes(`${text}expected a 200 OK got 404`), unfilled.output);
});

test('fetch, a name with labels the image does not have, is refused with each of them', root, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  site.discover('/', [`${site.origin}/{name}.{ext}`]);
  publish(site, scene, 'worker', { version: '1.2.0' });
  const other = arch === 'amd64' ? 'armv7b' : 'amd64';
  const differs = (name: string, asked: string, found: string) =>
    `requested value for label "${name}": "${asked}" differs from fetched aci label value: "${found}"`;
  const cases: [string, string][] = [
    [':2.0', differs('version', '2.0', '1.2.0')],
    [':latest', differs('version', 'latest', '1.2.0')],
    [`,arch=${other}`, differs('arch', other, arch)],
    [',unexistinglabel=bla', 'requested label "unexistinglabel" not provided by the image manifest'],
    [',os=freebsd', 'bad os "freebsd" (must be one of: [linux])'],
  ];
  for (const [labels, expected] of cases) {
    const { output } = await scene.rkt(insecure('fetch', `${site.host}/worker${labels}`), { status: 254 });
    assert.ok(output.includes(expected), output);
  }
  await scene.rkt(insecure('fetch', `${site.host}/worker:1.2.0`));
  // What is held of the same place for another version is no answer.
  const { output } = await scene.rkt(insecure('fetch', `${site.host}/worker:2.0`), { status: 254 });
  assert.ok(output.includes(cases[0]![1]), output);
});

test('fetch, an image of another name than asked for, is refused', root, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  site.discover('/', [`${site.origin}/{name}.{ext}`]);
  publish(site, scene, 'worker', { name: `${site.host}/other` });
  const { output } = await scene.rkt(insecure('fetch', `${site.host}/worker`), { status: 254 });
  assert.ok(output.includes(`error when reading the app name: "${site.host}/worker" expected but "${site.host}/other" found`), output);
  assert.equal((await scene.rkt(['image', 'list', '--no-legend'])).stdout.trim(), '');
});

test('fetch, several places, takes the first that has the image', root, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  site.discover('/', [`https://${site.host}:1/{name}.{ext}`, `${site.origin}/gone/{name}.{ext}`, `${site.origin}/{name}.{ext}`]);
  publish(site, scene, 'worker');
  const { output } = await scene.rkt(insecure('fetch', `${site.host}/worker`));
  assert.match(output, /error downloading ACI: bad HTTP status code: 404; trying the next place/);
});

test('run, a signed name whose server defers the signature, asks for it after the image', signed, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  using key = makeKey();
  site.discover('/', [`${site.origin}/{name}.{ext}`]);
  const path = publish(site, scene, 'deferred', app('deferredSignatureDownloadWasSuccessful'));
  const signature = readFileSync(key.sign(path));
  let asked = 0;
  site.files.set(`/${site.host}/deferred.aci.asc`, (_, response) => {
    if (asked++ === 0) response.writeHead(202).end();
    else response.end(signature);
  });
  await scene.rkt(['trust', '--skip-fingerprint-review', '--root', key.publicKeyFile]);
  const { output } = await scene.rkt(['--debug', '--insecure-options=tls', 'run', '--net=none', `${site.host}/deferred`]);
  assert.ok(output.includes('server requested deferring the signature download'), output);
  assert.ok(output.includes('deferredSignatureDownloadWasSuccessful'), output);
  assert.deepEqual(site.requests.slice(-3).map((text) => text.slice(-'.aci.asc'.length)), ['.aci.asc', 'rred.aci', '.aci.asc']);
});

test('trust, a prefix without keys, takes the keys its page names, and the image they signed', signed, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  using key = makeKey();
  site.discover('/', [`${site.origin}/{name}.{ext}`], [`${site.origin}/keys.gpg`]);
  site.files.set('/keys.gpg', readFileSync(key.publicKeyFile));
  const path = publish(site, scene, 'signed');
  site.files.set(`/${site.host}/signed.aci.asc`, readFileSync(key.sign(path)));
  const prefix = `${site.host}/signed`;
  const trust = (...args: string[]) => ['--insecure-options=tls', ...args, 'trust', `--prefix=${prefix}`];
  const asked = await scene.rkt(trust(), { status: 254 });
  assert.ok(asked.output.includes(`prefix: "${prefix}"\nkey: "${site.origin}/keys.gpg"`), asked.output);
  assert.match(asked.output, /error reviewing key: unable to ask user to review fingerprint due to lack of tty/);
  await scene.rkt(['--insecure-options=tls', 'fetch', prefix], { status: 254 });
  const { output } = await scene.rkt(trust('--trust-keys-from-https'));
  assert.ok(output.includes(`Trusting "${site.origin}/keys.gpg" for prefix "${prefix}" without fingerprint review.`), output);
  assert.ok(output.includes(`Added key for prefix "${prefix}" at "`), output);
  const fetched = await scene.rkt(['--insecure-options=tls', 'fetch', prefix]);
  assert.ok(fetched.output.includes(`keys already exist for prefix "${prefix}", not fetching again`), fetched.output);
  assert.match(fetched.output, /signature verified:/);
  const none = await scene.rkt(['trust', `--prefix=${site.host}`, '--insecure-allow-http'], { status: 254 });
  assert.match(none.output, /error determining key location: prefix meta discovery error: /);
});

test('fetch, a name nobody is trusted for, takes the keys of its page with --trust-keys-from-https', signed, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  using key = makeKey();
  site.discover('/', [`${site.origin}/{name}.{ext}`], [`${site.origin}/keys.gpg`]);
  site.files.set('/keys.gpg', readFileSync(key.publicKeyFile));
  const path = publish(site, scene, 'signed');
  site.files.set(`/${site.host}/signed.aci.asc`, readFileSync(key.sign(path)));
  const fetch = (...flags: string[]) => [...flags, 'fetch', `${site.host}/signed`];
  // Without checked certificates nobody's keys are fetched, unless that is allowed too.
  const { output } = await scene.rkt(fetch('--insecure-options=tls', '--trust-keys-from-https'), { status: 254 });
  assert.ok(!output.includes('Trusting'), output);
  const pubkey = await scene.rkt(fetch('--insecure-options=tls,pubkey', '--trust-keys-from-https'));
  assert.match(pubkey.output, /signing keys may be downloaded from an insecure connection/);
  assert.match(pubkey.output, /Trusting ".*keys\.gpg" for prefix ".*\/signed" without fingerprint review\./);
  assert.match(pubkey.stdout, /^sha512-[0-9a-f]{32}\n$/);
});

test('run, an image with dependencies of dependencies, fetches those that are missing', root, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  site.discover('/', [`${site.origin}/{name}.{ext}`]);
  const { host } = site;
  const image = (short: string, dependencies: object[]) =>
    publish(site, scene, `image-${short}`, { version: '1', ...app('HelloDependencies'), manifest: { dependencies } });
  const on = (short: string, ...rest: object[]) => ({ imageName: `${host}/image-${short}`, ...Object.assign({}, ...rest) });
  const e = on('e', { labels: [{ name: 'version', value: '1' }] });
  image('a', [on('b'), on('c'), on('d')]);
  const b = image('b', []);
  image('c', [on('b'), e]);
  image('d', [on('b'), e]);
  image('e', [{ imageName: 'example.com/busybox' }]);
  await scene.insecure(['fetch', scene.aci, b]);
  const { output } = await scene.rkt(insecure('run', '--net=none', `${host}/image-a`));
  const expected = [
    `image: fetching image from ${site.origin}/${host}/image-a.aci`,
    `image: using image from local store for image name ${host}/image-b`,
    `image: fetching image from ${site.origin}/${host}/image-c.aci`,
    `image: fetching image from ${site.origin}/${host}/image-d.aci`,
    'image: using image from local store for image name example.com/busybox',
    'HelloDependencies',
  ];
  let at = 0;
  for (const text of expected) {
    const found = output.indexOf(text, at);
    assert.notEqual(found, -1, `${text} after ${at} in\n${output}`);
    at = found;
  }
  assert.equal(site.requests.filter((text) => text.endsWith('/image-e.aci')).length, 1);
});

test('fetch, a dependency with an image ID, must be that image', root, async () => {
  await using site = await startAciSite();
  await using scene = openScene();
  site.discover('/', [`${site.origin}/{name}.{ext}`]);
  const base = publish(site, scene, 'base');
  const right = (await scene.insecure(['fetch', '--full', base])).stdout.trim();
  const dependent = (imageID: string) =>
    scene.makeAci('dependent.aci', { name: 'example.com/dependent', manifest: { dependencies: [{ imageName: `${site.host}/base`, imageID }] } });
  const wrong = `sha512-${'0'.repeat(64)}`;
  const { output } = await scene.rkt(insecure('fetch', dependent(wrong)), { status: 254 });
  assert.ok(output.includes(`dependency "${site.host}/base" has image ID "${right}", and not "${wrong}" as it should`), output);
  await scene.rkt(insecure('fetch', dependent(right)));
});
