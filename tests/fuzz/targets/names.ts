import assert from 'node:assert/strict';
import { parseImageName } from '#appc';
import { parseReference, renderReference } from '#oci';
import { discoveryPrefixes } from '../../../src/image/discovery/plan-discovery.ts';
import { parseMaxAge } from '../../../src/image/http/cache-control.ts';
import { redactText } from '../../../src/image/http/redact.ts';
import { parseImageSource } from '../../../src/image/image-source.ts';
import { parseChallenges } from '../../../src/image/registry/challenge.ts';
import { subjectOf, type Target } from '../target.ts';

const PIECES = [
  'a', 'example.com', 'localhost', 'docker.io', ':5000', ':', '/', '//', '..', '.', '@', '@sha256:', 'ab'.repeat(32), '-', '_', '__', '~', ',',
  'version=', 'os=linux', 'arch=amd64', '1.2', 'latest', 'A', '%2f', '%', '[::1]', '\0', 'é', '\ud800', ' ', '\n', 'sha512-', 'docker://', 'https://',
  'file:///', '.aci', '?', '#', '=', 'library', '0', 'x'.repeat(300),
];

export const names: Target = {
  name: 'names',
  limit: 1000,
  open: async () =>
    subjectOf((random) => {
      const text = random.text(PIECES, 14);
      parseChallenges(random.text(['Bearer', 'Basic', ' ', ',', '=', '"', '\\', 'realm', 'x', '\t', text], 30));
      parseMaxAge(text);
      assert.ok(redactText(text).length < 400);
      const attempts = [() => checkReference(text), () => checkName(text), () => parseImageSource(text)];
      random.pick(attempts)();
    }),
};

function checkReference(text: string): void {
  const reference = parseReference(text);
  assert.deepEqual(parseReference(renderReference(reference)), reference);
  assert.doesNotMatch(`${reference.registry}/${reference.repository}`, /\.\.|[\s%?#@\\]/);
}

function checkName(text: string): void {
  const { name } = parseImageName(text);
  for (const prefix of discoveryPrefixes(name)) {
    const url = URL.parse(`https://${prefix}?ac-discovery=1`);
    if (url !== null) assert.equal(url.username + url.hash, '');
  }
}
