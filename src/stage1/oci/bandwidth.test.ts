import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Isolator, type PodManifest, parsePodManifest } from '#appc';
import { podBandwidth } from './bandwidth.ts';

const limit = (bytes: number): Isolator => ({ name: 'resource/network-bandwidth', value: { default: true, limit: String(bytes) } }) as Isolator;

function manifest(pod: readonly Isolator[], ...apps: readonly (readonly Isolator[])[]): PodManifest {
  const id = `sha512-${'ab'.repeat(32)}`;
  const runtimeApps = apps.map((isolators, at) => ({ name: `app${at}`, image: { id }, app: { exec: ['/x'], user: '0', group: '0', isolators } }));
  return parsePodManifest(JSON.stringify({ acVersion: '0.8.11', acKind: 'PodManifest', apps: runtimeApps, isolators: pod }));
}

function bandwidthOf(...parts: Parameters<typeof manifest>): { limit: number | undefined; warnings: string[] } {
  const warnings: string[] = [];
  return { limit: podBandwidth(manifest(...parts), (text) => warnings.push(text)), warnings };
}

test('podBandwidth, pods and apps with and without limits, is the least, and says who is bounded with an app', () => {
  assert.deepEqual(bandwidthOf([], []), { limit: undefined, warnings: [] });
  assert.deepEqual(bandwidthOf([limit(5)], []), { limit: 5, warnings: [] });
  assert.deepEqual(bandwidthOf([limit(5)], [limit(9), limit(3)]), { limit: 3, warnings: [] });
  assert.deepEqual(bandwidthOf([limit(2)], [limit(3)], []), { limit: 2, warnings: [] });
  assert.deepEqual(bandwidthOf([], [], [limit(7)]), {
    limit: 7,
    warnings: ['warning: resource/network-bandwidth of app "app1" bounds all apps of the pod together, to 7 bytes a second'],
  });
});
