import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDigest } from './digest.ts';
import { type Platform, selectPlatform } from './platform.ts';
import type { Descriptor, OciIndex } from './types.ts';

function indexOf(...platforms: (string | undefined)[]): OciIndex {
  const manifests = platforms.map((text, at): Descriptor => {
    const entry = { mediaType: 'm', digest: parseDigest(`sha256:${String(at).repeat(64)}`), size: 1 };
    return text === undefined ? entry : { ...entry, platform: platformOf(text) };
  });
  return { kind: 'index', mediaType: 'i', manifests };
}

function platformOf(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/');
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

function chosen(wanted: string, ...platforms: (string | undefined)[]): number {
  const index = indexOf(...platforms);
  return index.manifests.indexOf(selectPlatform(index, platformOf(wanted)));
}

test('selectPlatform, one that fits, is it', () => {
  assert.equal(chosen('linux/amd64', 'linux/arm64', 'windows/amd64', 'linux/amd64'), 2);
  assert.equal(chosen('linux/arm64', 'linux/arm64/v8'), 0);
  assert.equal(chosen('linux/arm64/v8', 'linux/arm64'), 0);
  assert.equal(chosen('linux/aarch64', 'linux/arm64'), 0);
});

test('selectPlatform, variants, takes the highest the machine runs', () => {
  assert.equal(chosen('linux/arm/v7', 'linux/arm/v5', 'linux/arm/v6', 'linux/arm/v7', 'linux/arm64/v8'), 2);
  assert.equal(chosen('linux/arm/v6', 'linux/arm/v5', 'linux/arm/v7', 'linux/arm/v6'), 2);
  assert.equal(chosen('linux/arm/v8', 'linux/arm/v5', 'linux/arm/v7'), 1);
  assert.equal(chosen('linux/amd64', 'linux/amd64/v3', 'linux/amd64'), 1);
  assert.equal(chosen('linux/amd64/v2', 'linux/amd64', 'linux/amd64/v2', 'linux/amd64/v3'), 1);
});

test('selectPlatform, two that fit alike, takes the first', () => {
  assert.equal(chosen('linux/amd64', 'linux/amd64', 'linux/amd64'), 0);
});

test('selectPlatform, an entry without platform, is taken when nothing else fits', () => {
  assert.equal(chosen('linux/amd64', undefined, 'linux/amd64'), 1);
  assert.equal(chosen('linux/amd64', 'linux/arm64', undefined), 1);
});

test('selectPlatform, nothing that fits, lists what there is', () => {
  assert.throws(() => chosen('linux/s390x', 'linux/amd64', 'linux/arm/v7', 'linux/amd64', 'unknown/unknown'), {
    code: 'no-platform', message: 'no image for linux/s390x in the index: there is linux/amd64, linux/arm/v7',
  });
  assert.throws(() => chosen('linux/arm/v5', 'linux/arm/v7'), /no image for linux\/arm\/v5/);
  assert.throws(() => chosen('linux/amd64'), /it names no platform at all$/);
  assert.throws(() => chosen('linux/amd64', 'a\u001b[31m/b'), /there is "a\\u001b\[31m\/b"$/);
});
