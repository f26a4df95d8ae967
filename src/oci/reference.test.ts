import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReference, renderReference } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test('parseReference, short and whole names, are where docker finds them', () => {
  const names: [string, string][] = [
    ['busybox', 'registry-1.docker.io/library/busybox:latest'],
    ['busybox:1.35', 'registry-1.docker.io/library/busybox:1.35'],
    ['library/busybox', 'registry-1.docker.io/library/busybox:latest'],
    ['coreos/etcd:v3', 'registry-1.docker.io/coreos/etcd:v3'],
    ['docker.io/busybox', 'registry-1.docker.io/library/busybox:latest'],
    ['index.docker.io/a/b', 'registry-1.docker.io/a/b:latest'],
    ['registry-1.docker.io/busybox', 'registry-1.docker.io/library/busybox:latest'],
    ['quay.io/a', 'quay.io/a:latest'],
    ['localhost/a', 'localhost/a:latest'],
    ['localhost:5000/a/b/c:T.a_g-', 'localhost:5000/a/b/c:T.a_g-'],
    ['127.0.0.1:80/a', '127.0.0.1:80/a:latest'],
    ['[::1]:5000/a', '[::1]:5000/a:latest'],
    ['HOST/a', 'HOST/a:latest'],
    ['a__b/c.d/e--f', 'registry-1.docker.io/a__b/c.d/e--f:latest'],
    [`busybox@${digest}`, `registry-1.docker.io/library/busybox@${digest}`],
    [`quay.io/a:1@${digest}`, `quay.io/a:1@${digest}`],
  ];
  for (const [text, whole] of names) {
    assert.equal(renderReference(parseReference(text)), whole, text);
    assert.deepEqual(parseReference(whole), parseReference(text), text);
  }
});

test('parseReference, outside the grammar, says what is wrong', () => {
  const names: [string, RegExp][] = [
    ['', /"" is not the name of a repository/],
    ['Busybox', /repository name "Busybox" must be lowercase/],
    ['quay.io/Foo', /repository name "Foo" must be lowercase/],
    ['docker://busybox', /must not have a scheme/],
    ['a'.repeat(64), /is an ID/],
    ['a//b', /is not the name of a repository/],
    ['quay.io/', /is not the name of a repository/],
    ['/a', /is not the name of a repository/],
    ['-a', /is not the name of a repository/],
    ['a___b', /is not the name of a repository/],
    ['quay.io/../../etc', /is not the name of a repository/],
    ['a b', /is not the name of a repository/],
    ['a\n', /is not the name of a repository/],
    ['a?x=y', /is not the name of a repository/],
    ['a:', /"" is not a tag/],
    ['a:-x', /"-x" is not a tag/],
    ['a:b:c', /"b:c" is not a tag/],
    ['a:b/c', /no valid host: "a:b"/],
    [`a:${'x'.repeat(129)}`, /is not a tag/],
    ['user@host/a', /is not a digest/],
    [`a@${digest}x`, /is not a digest/],
    ['a@md5:0', /of the kind "md5", which is not supported/],
    ['ex..com/a', /no valid host/],
    ['.com/a', /no valid host/],
    ['host:0/a', /no valid host/],
    ['host:65536/a', /no valid host/],
    ['[::1/a', /no valid host/],
    [`quay.io/${'a'.repeat(256)}`, /must not be more than 255 characters/],
    ['a'.repeat(2000), /longer than 1024 characters/],
  ];
  for (const [text, why] of names) assert.throws(() => parseReference(text), { code: 'bad-reference', message: why }, text);
});

test('parseReference, an upper case name, hints at the lower case one', () => {
  assert.throws(() => parseReference('BusyBox'), { hint: 'did you mean busybox' });
});

test('parseReference, random texts, parse to what renders and parses the same, or throw bad-reference', () => {
  let seed = 5;
  const next = (limit: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % limit;
  let parsed = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const text = Array.from({ length: 1 + next(9) }, () => 'ab0./:@-_A[]'[next(12)]).join('');
    try {
      const reference = parseReference(text);
      parsed += 1;
      assert.deepEqual(parseReference(renderReference(reference)), reference, text);
      assert.match(reference.repository, /^[a-z0-9][a-z0-9._/-]*$/);
    } catch (thrown) {
      assert.equal((thrown as { code?: string }).code, 'bad-reference', text);
    }
  }
  assert.ok(parsed > 100);
});
