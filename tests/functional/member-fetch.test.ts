/** What a member of the group rkt who is not root may do with images of layers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCosignKey, makeOciLayout, makeRootfs, needs, pushCosignSignature, startRegistry } from '#tests/support';
import { namesIn, sweepKills } from './crash-scene.ts';
import { hasGroup, openToMember } from './member.ts';
import { openScene, type Scene } from './scene.ts';

const here = needs('root', 'setpriv');
/** Without the group, what root makes is closed to everybody. */
const withGroup = here.skip === false && !hasGroup() ? { ...here, skip: 'there is no group rkt: scripts/setup makes it' } : here;
const insecure = '--insecure-options=image,http';

/** A layout of a base that all have and a layer of its own, which `/bin/cat` shows. */
function makeLayout({ home }: Scene, name: string): string {
  const base = home.file(`${name}-base`);
  const top = home.file(name);
  mkdirSync(base);
  makeRootfs(base);
  mkdirSync(join(top, 'etc'), { recursive: true });
  makeRootfs(top, { '/etc/top': `of ${name}` });
  const layers = [{ directory: base, compression: 'zstd' as const }, { directory: top, compression: 'gzip' as const }];
  makeOciLayout(home.file(`${name}.oci`), { layers, config: { Cmd: ['/bin/cat', '/etc/top'] } });
  return home.file(`${name}.oci`);
}

function held({ home }: Scene): { kept: number; unpacked: number; temporary: string[] } {
  const cas = join(home.dataDir, 'cas');
  const kept = namesIn(join(cas, 'kept'));
  assert.equal(kept.filter((name) => name.endsWith('.blob')).length * 2, kept.length);
  return { kept: kept.length / 2, unpacked: namesIn(join(cas, 'layer')).length, temporary: ['tmp', 'private'].flatMap((name) => namesIn(join(cas, name))).filter((name) => !name.endsWith('.lock')) };
}

test('fetch, docker:// by a member of the group, verifies and keeps the layers, which root unpacks when it runs the image offline', needs('root', 'setpriv', 'docker-registry', 'skopeo'), async () => {
  await using scene = openScene();
  const member = openToMember(scene);
  const registry = await startRegistry();
  let first: string;
  const ids: string[] = [];
  try {
    first = `docker://${await registry.push(makeLayout(scene, 'one'), 'member/one')}`;
    const second = `docker://${await registry.push(makeLayout(scene, 'two'), 'member/two')}`;
    const refused = await member('--insecure-options=http', 'fetch', first);
    assert.equal(refused.status, 254, refused.output);
    assert.match(refused.stderr, /signature/);
    for (const image of [first, second]) {
      const fetched = await member(insecure, 'fetch', image);
      assert.equal(fetched.status, 0, fetched.output);
      ids.push(/^(sha512-[0-9a-f]{32})\n$/.exec(fetched.stdout)![1]!);
    }
    assert.deepEqual(held(scene), { kept: 3, unpacked: 0, temporary: [] });
  } finally {
    await registry[Symbol.asyncDispose]();
  }
  assert.match((await member('image', 'list')).stdout, /member\/one/);
  const [id] = ids as [string, string];
  const checked = await member('image', 'verify', id);
  assert.equal(checked.status, 0, checked.output);
  const exported = await member('image', 'export', id, join(scene.home.dataDir, 'x.aci'));
  assert.equal(exported.status, 254);
  assert.match(exported.stderr, /as unprivileged user[^]*do it as root/);
  const ran = await scene.rkt([insecure, 'run', '--net=none', '--pull-policy=never', first]);
  assert.match(ran.stdout, /of one/);
  assert.deepEqual(held(scene), { kept: 1, unpacked: 2, temporary: [] });
  const verified = await member('image', 'verify', id);
  assert.equal(verified.status, 254);
  assert.match(verified.stderr, /do it as root/);
  await scene.rkt([insecure, 'image', 'verify', id]);
});

test('fetch, a signed image by a member of the group, is verified by the keys that root trusts, and runs as verified', needs('root', 'setpriv', 'docker-registry', 'skopeo', 'openssl'), async () => {
  await using scene = openScene();
  const member = openToMember(scene);
  await using registry = await startRegistry();
  const image = await registry.push(makeLayout(scene, 'one'), 'member/signed');
  const { Digest: digest } = JSON.parse(execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${image}`], { encoding: 'utf8' })) as { Digest: string };
  const key = makeCosignKey(scene.home.path);
  await pushCosignSignature(registry, { repository: 'member/signed', digest }, key, scene.home.file('signatures'));
  await scene.rkt(['trust', `--prefix=${registry.address.replace(':', '_')}/member`, '--skip-fingerprint-review', key.publicKey]);
  const fetched = await member('--insecure-options=http', 'fetch', `docker://${image}`);
  assert.equal(fetched.status, 0, fetched.output);
  assert.match(fetched.stderr, /image: signature verified:\n {2}ECDSA P-256/);
  assert.match((await scene.rkt(['run', '--net=none', fetched.stdout.trim()])).stdout, /of one/);
});

test('fetch, a layout by a member of the group, layers that an image has are not kept again, and gc takes what none has', withGroup, async () => {
  await using scene = openScene();
  const member = openToMember(scene);
  const [one, two] = [makeLayout(scene, 'one'), makeLayout(scene, 'two')];
  await scene.rkt([insecure, 'fetch', `oci:${one}`]);
  assert.deepEqual(held(scene), { kept: 0, unpacked: 2, temporary: [] });
  const fetched = await member(insecure, 'fetch', `oci:${two}`);
  assert.equal(fetched.status, 0, fetched.output);
  assert.deepEqual(held(scene), { kept: 1, unpacked: 2, temporary: [] });
  const listed = (await scene.rkt(['image', 'list', '--fields=size', '--no-legend', '--full'])).stdout.trim().split('\n');
  assert.equal(new Set(listed.map((size) => size.trim())).size, 1, 'the size of both is known');
  await scene.rkt(['image', 'gc', '--grace-period=1h']);
  assert.deepEqual(held(scene), { kept: 1, unpacked: 2, temporary: [] });
  await scene.rkt(['image', 'rm', fetched.stdout.trim()]);
  await scene.rkt(['image', 'gc', '--grace-period=1h']);
  assert.deepEqual(held(scene), { kept: 0, unpacked: 2, temporary: [] });
});

test('fetch, by root of what a member has kept damaged, is from its source again; a run says that it is damaged', here, async () => {
  await using scene = openScene();
  const member = openToMember(scene);
  const layout = `oci:${makeLayout(scene, 'one')}`;
  const damage = (): void => {
    const kept = join(scene.home.dataDir, 'cas/kept');
    for (const blob of namesIn(kept).filter((name) => name.endsWith('.blob'))) {
      const { size } = statSync(join(kept, blob));
      truncateSync(join(kept, blob), size >> 1);
      truncateSync(join(kept, blob), size);
    }
  };
  const id = (await member(insecure, 'fetch', layout)).stdout.trim();
  damage();
  const ran = await scene.rkt([insecure, 'run', '--net=none', id], { status: 254 });
  assert.match(ran.stderr, /what was kept of a layer is damaged[^]*remove the image and fetch it again/);
  await scene.rkt([insecure, 'fetch', layout]);
  await scene.rkt([insecure, 'run', '--net=none', id]);
  assert.deepEqual(held(scene), { kept: 0, unpacked: 2, temporary: [] });
});

test('run, a directory of layers that a member has made, is refused, and the one that root made cannot be taken away', withGroup, async () => {
  await using scene = openScene();
  const member = openToMember(scene);
  const layout = `oci:${makeLayout(scene, 'one')}`;
  const layers = join(scene.home.dataDir, 'cas/layer');
  await scene.rkt(['--insecure-options=image', 'fetch', scene.aci]);
  const id = (await member(insecure, 'fetch', layout)).stdout.trim();
  assert.equal((await member.run('mkdir', layers)).status, 0);
  assert.match((await scene.rkt([insecure, 'run', '--net=none', id], { status: 254 })).stderr, /cas\/layer is not a directory of root/);
  rmdirSync(layers);
  assert.match((await scene.rkt([insecure, 'run', '--net=none', id])).stdout, /of one/);
  assert.notEqual((await member.run('mv', layers, `${layers}.mine`)).status, 0);
  await scene.rkt([insecure, 'run', '--net=none', id]);
});

test('fetch and run, what root works on meanwhile, is where no member can put anything', withGroup, async () => {
  await using scene = openScene();
  const member = openToMember(scene);
  await scene.insecure(['run', '--net=none', scene.aci, '--exec=/bin/true']);
  const work = join(scene.home.dataDir, 'cas/private');
  assert.deepEqual([statSync(work).uid, statSync(work).mode & 0o777], [0, 0o700]);
  for (const command of [['mv', work, `${work}.away`], ['rmdir', work], ['touch', `${work}/x`], ['ls', work]]) {
    assert.notEqual((await member.run(command[0]!, ...command.slice(1))).status, 0, command.join(' '));
  }
  assert.deepEqual(namesIn(join(scene.home.dataDir, 'cas/tmp')), []);
});

test('prepare, an image that a member has fetched, killed anywhere, can be done again', needs('root', 'setpriv', 'strace'), async () => {
  await using scene = openScene();
  const member = openToMember(scene);
  const layout = `oci:${makeLayout(scene, 'one')}`;
  let id = '';
  const args = async (): Promise<string[]> => {
    const fetched = await member(insecure, 'fetch', layout);
    assert.equal(fetched.status, 0, fetched.output);
    id = fetched.stdout.trim();
    return ['prepare', id];
  };
  await sweepKills(scene, args, 3, async () => {
    assert.match((await scene.rkt([insecure, 'run', '--net=none', id])).stdout, /of one/);
    assert.deepEqual({ ...held(scene), temporary: [] }, { kept: 0, unpacked: 2, temporary: [] });
    await scene.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
    await scene.rkt(['image', 'rm', id]);
    await scene.rkt(['image', 'gc', '--grace-period=0s']);
    assert.deepEqual(held(scene), { kept: 0, unpacked: 0, temporary: [] });
  });
});
