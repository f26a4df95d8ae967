import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageManifest, renderImageManifest } from './image-manifest.ts';

/** As rkt 1.30 printed it. */
const busybox =
  '{"acKind":"ImageManifest","acVersion":"0.8.11","name":"example.com/busybox","labels":[{"name":"version","value":"1.35.0"},{"name":"arch","value":"amd64"},{"name":"os","value":"linux"}],"app":{"exec":["/bin/sh"],"user":"0","group":"0","environment":[{"name":"PATH","value":"/bin"}]}}';

const minimal = { acKind: 'ImageManifest', acVersion: '0.8.11', name: 'a' };
const app = { exec: ['/bin/sh'], user: '0', group: '0' };
const parse = (document: unknown): unknown => parseImageManifest(JSON.stringify(document));
const parseApp = (more: object): unknown => parse({ ...minimal, app: { ...app, ...more } });

test('image manifest, as rkt printed it, is written back byte for byte', () => {
  assert.equal(renderImageManifest(parseImageManifest(busybox)), busybox);
});

test('image manifest, every member, is written in the order of Go', () => {
  const full = {
    acKind: 'ImageManifest', acVersion: '0.8.11', name: 'a/b', labels: [{ name: 'v', value: '<1>' }],
    app: {
      exec: ['a'], eventHandlers: [{ name: 'pre-start', exec: ['b'] }], user: 'u', group: 'g', supplementaryGIDs: [1, 2],
      workingDirectory: '/w', environment: [{ name: 'A.b-c', value: '&' }], mountPoints: [{ name: 'm', path: '/m', readOnly: true }],
      ports: [{ name: 'p', protocol: 'tcp', port: 80, count: 1, socketActivated: false }],
      isolators: [{ name: 'os/linux/cpu-shares', value: 12 }, { name: 'x/y', value: { z: [null] } }],
      userAnnotations: { a: '1', b: '2' }, userLabels: { l: 'v' },
    },
    annotations: [{ name: 'created', value: '2016-01-02T03:04:05Z' }, { name: 'homepage', value: 'https://example.com' }],
    dependencies: [{ imageName: 'c', imageID: 'sha512-ab', labels: [{ name: 'v', value: '' }], size: 5 }],
    pathWhitelist: ['/x'],
  };
  const expected = JSON.stringify(full).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
  const shuffle = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    return Array.isArray(value) ? value.map(shuffle) : Object.fromEntries(Object.entries(value).reverse().map(([k, v]) => [k, k === 'value' ? v : shuffle(v)]));
  };
  assert.equal(renderImageManifest(parseImageManifest(JSON.stringify(shuffle(full)))), expected);
});

test('image manifest, empty and unknown members, go', () => {
  const text = JSON.stringify({ ...minimal, labels: [], x: 1, pathWhitelist: null, app: { ...app, exec: null, ports: [], workingDirectory: '', y: {} } });
  assert.equal(
    renderImageManifest(parseImageManifest(text)),
    '{"acKind":"ImageManifest","acVersion":"0.8.11","name":"a","app":{"exec":null,"user":"0","group":"0"}}',
  );
});

test('image manifest, what must be there, is asked for', () => {
  assert.throws(() => parse({ ...minimal, acKind: undefined }), { code: 'bad-manifest', message: 'bad image manifest: acKind must be set' });
  assert.throws(() => parse({ ...minimal, acKind: 'PodManifest' }), /acKind: bad ACKind: "PodManifest"/);
  assert.throws(() => parse({ ...minimal, acVersion: '0' }), /acVersion: SemVer is bad/);
  assert.throws(() => parse({ ...minimal, name: '' }), /name: ACIdentifier cannot be empty/);
  assert.throws(() => parse({ ...minimal, dependencies: [{}] }), /dependencies\[0\]: imageName must be set/);
  assert.throws(() => parse({ ...minimal, dependencies: [{ imageName: 'a', imageID: 'md5-0' }] }), /dependencies\[0\]\.imageID: "md5-0" is not an image ID/);
  assert.throws(() => parse({ ...minimal, annotations: [{ name: 'created', value: 'yesterday' }] }), /bad Date/);
  assert.throws(() => parse({ ...minimal, annotations: [{ name: 'homepage', value: 'ftp://x' }] }), /must be http\/https/);
  assert.throws(() => parse({ ...minimal, annotations: [{ name: 'a', value: '' }, { name: 'a', value: '' }] }), /duplicate annotations of name "a"/);
});

test('image manifest, an app against the spec, is refused with the way to it', () => {
  const apps: [object, RegExp][] = [
    [{ user: '' }, /^bad image manifest: app: user is required$/],
    [{ group: undefined }, /^bad image manifest: app: group is required$/],
    [{ workingDirectory: 'tmp' }, /app: workingDirectory must be an absolute path$/],
    [{ exec: 'sh' }, /app\.exec: must be an array, not a string$/],
    [{ exec: ['a\0'] }, /app\.exec\[0\]: must not contain a NUL character$/],
    [{ environment: [{ name: '1A', value: '' }] }, /environment variable does not have valid identifier "1A"$/],
    [{ environment: [{ name: 'A=B', value: '' }] }, /does not have valid identifier/],
    [{ environment: [{ value: '' }] }, /environment variable name must not be empty$/],
    [{ environment: [{ name: 'A' }, { name: 'A' }] }, /duplicate environment variable of name "A"$/],
    [{ eventHandlers: [{ name: 'at-night', exec: ['a'] }] }, /bad eventHandler "name": "at-night"$/],
    [{ eventHandlers: [{ name: 'pre-start', exec: [] }] }, /exec of eventHandler "pre-start" cannot be empty$/],
    [{ eventHandlers: [{ name: 'pre-start', exec: ['a'] }, { name: 'pre-start', exec: ['a'] }] }, /Only one eventHandler of name "pre-start" allowed$/],
    [{ mountPoints: [{ name: 'a', path: '' }] }, /app\.mountPoints\[0\]\.path: path must be set$/],
    [{ mountPoints: [{ path: '/a' }] }, /app\.mountPoints\[0\]: name must be set$/],
    [{ ports: [{ name: 'a', port: 70000 }] }, /app\.ports\[0\]\.port: port must be in 1-65535 range$/],
    [{ supplementaryGIDs: [-1] }, /app\.supplementaryGIDs\[0\]: must be an integer/],
    [{ userLabels: { a: 1 } }, /app\.userLabels\.a: must be a string, not a number$/],
  ];
  for (const [more, message] of apps) assert.throws(() => parseApp(more), { code: 'bad-manifest', message }, JSON.stringify(more));
});

test('image manifest, values of any wrong type, never get past and never crash', () => {
  const junk = [0, -1, '', 'x', true, [], [[]], {}, { name: {} }, [null], [{}]];
  const members = ['acKind', 'acVersion', 'name', 'labels', 'app', 'annotations', 'dependencies', 'pathWhitelist'];
  const appMembers = ['exec', 'eventHandlers', 'user', 'environment', 'mountPoints', 'ports', 'isolators', 'userLabels', 'supplementaryGIDs'];
  const attempt = (document: unknown): void => {
    try {
      const text = renderImageManifest(parseImageManifest(JSON.stringify(document)));
      assert.equal(renderImageManifest(parseImageManifest(text)), text);
    } catch (thrown) {
      assert.equal((thrown as { code?: string }).code, 'bad-manifest', String(thrown));
    }
  };
  for (const value of junk) {
    attempt(value);
    for (const member of members) attempt({ ...minimal, [member]: value });
    for (const member of appMembers) attempt({ ...minimal, app: { ...app, [member]: value } });
  }
});
