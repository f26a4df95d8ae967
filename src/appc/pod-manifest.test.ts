import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePodManifest, renderPodManifest } from './pod-manifest.ts';
import type { ImageId } from './types.ts';

const id = 'sha512-12f7bf979a5fb59f94a238331eddfa60185736b2772d30ca783e8158fd3b4dc1';

/** As rkt 1.30 printed it. */
const busybox = `{
	"acVersion": "1.30.0",
	"acKind": "PodManifest",
	"apps": [
		{
			"name": "busybox",
			"image": {
				"name": "example.com/busybox",
				"id": "${id}",
				"labels": [
					{
						"name": "version",
						"value": "1.35.0"
					},
					{
						"name": "os",
						"value": "linux"
					}
				]
			},
			"app": {
				"exec": [
					"/bin/true"
				],
				"user": "0",
				"group": "0",
				"environment": [
					{
						"name": "PATH",
						"value": "/bin"
					}
				]
			}
		}
	],
	"volumes": null,
	"isolators": null,
	"annotations": [
		{
			"name": "coreos.com/rkt/stage1/mutable",
			"value": "false"
		}
	],
	"ports": []
}`;

const app = { name: 'a', image: { id } };
const minimal = { acVersion: '1.30.0', acKind: 'PodManifest', apps: [app], volumes: null, isolators: null, annotations: null, ports: null };

test('pod manifest, as rkt printed it, is written back byte for byte', () => {
  assert.equal(renderPodManifest(parsePodManifest(busybox), { indent: '\t' }), busybox);
});

test('pod manifest, every member, is written in the order of Go', () => {
  const full = {
    acVersion: '1.30.0', acKind: 'PodManifest',
    apps: [{
      name: 'a', image: { id }, app: { exec: ['x'], user: '0', group: '0' }, readOnlyRootFS: true,
      mounts: [{ volume: 'v', path: '/v', appVolume: { name: 'v', kind: 'host', source: '/s', readOnly: false, recursive: true } }],
      annotations: [{ name: 'n', value: '' }],
    }],
    volumes: [{ name: 'e', kind: 'empty', mode: '0755', uid: 0, gid: 0 }],
    isolators: [{ name: 'some/thing', value: null }],
    annotations: [],
    ports: [{ name: 'p', hostPort: 1, hostIP: '::1', podPort: { name: 'p', protocol: 'tcp', port: 2, count: 1, socketActivated: false } }],
    userAnnotations: { a: 'b' }, userLabels: { c: 'd' },
  };
  assert.equal(renderPodManifest(parsePodManifest(JSON.stringify(full))), JSON.stringify(full));
});

test('pod manifest, absent lists, are null and absent apps an empty list', () => {
  const text = '{"acVersion":"1.30.0","acKind":"PodManifest"}';
  assert.equal(renderPodManifest(parsePodManifest(text)), JSON.stringify({ ...minimal, apps: [] }));
});

test('parsePodManifest, part of an image ID, is made whole by who asks, or refused', () => {
  const text = JSON.stringify({ ...minimal, apps: [{ name: 'a', image: { id: id.slice(0, 39) } }] });
  const whole = parsePodManifest(text, (part) => {
    assert.equal(part, id.slice(0, 39));
    return id as ImageId;
  });
  assert.equal(whole.apps[0]?.image.id, id);
  assert.throws(() => parsePodManifest(text), /apps\[0\]\.image\.id: "sha512-[0-9a-f]{32}" is not an image ID/);
  assert.throws(() => parsePodManifest(JSON.stringify({ ...minimal, apps: [{ name: 'a', image: {} }] })), /apps\[0\]\.image: id must be set/);
});

test('pod manifest, two apps or volumes of one name, are refused when read and when written', () => {
  const volume = { name: 'v', kind: 'empty' };
  const twoVolumes = JSON.stringify({ ...minimal, volumes: [volume, { name: 'v', kind: 'host', source: '/' }] });
  assert.throws(() => parsePodManifest(twoVolumes), { code: 'bad-manifest', message: 'bad pod manifest: duplicate volume name "v"' });
  assert.throws(() => parsePodManifest(JSON.stringify({ ...minimal, apps: [app, app] })), /duplicate apps of name "a"/);
  const manifest = parsePodManifest(JSON.stringify({ ...minimal, volumes: [volume] }));
  assert.throws(() => renderPodManifest({ ...manifest, volumes: [...manifest.volumes!, ...manifest.volumes!] }), /duplicate volume name "v"/);
  assert.throws(() => renderPodManifest({ ...manifest, apps: [{ ...manifest.apps[0]!, app: { exec: [], user: '', group: '0' } }] }), /user is required/);
});

test('parsePodManifest, an image manifest, is refused', () => {
  assert.throws(() => parsePodManifest('{"acKind":"ImageManifest","acVersion":"0.8.11","name":"a"}'), /acKind: bad ACKind: "ImageManifest" \(must be PodManifest\)/);
});
