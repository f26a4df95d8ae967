import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageManifest, renderImageManifest } from '#appc';
import { type Digest, type OciConfig, type OciRunConfig, parseReference } from '#oci';
import { planApp } from './app.ts';
import { planImageManifest } from './image-manifest.ts';
import { planMountPoints } from './mount-points.ts';
import { planPorts } from './ports.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as Digest;
const config = (run: OciRunConfig = {}, platform: object = {}): OciConfig => ({
  os: 'linux',
  architecture: 'arm64',
  ...platform,
  config: run,
  rootfs: { type: 'layers', diff_ids: [] },
  history: [],
});
const plan = (name: string, value = config()) =>
  planImageManifest({
    reference: parseReference(name),
    originalName: name,
    config: value,
    configDigest: DIGEST,
    manifestDigest: DIGEST,
  });

test('planImageManifest, image of the hub, the names of docker2aci', () => {
  const manifest = plan('busybox');
  assert.equal(manifest.name, 'registry-1.docker.io/library/busybox');
  assert.deepEqual(manifest.labels, [
    { name: 'arch', value: 'aarch64' },
    { name: 'os', value: 'linux' },
    { name: 'version', value: 'latest' },
  ]);
  assert.deepEqual(manifest.annotations, [
    { name: 'appc.io/docker/originalname', value: 'busybox' },
    { name: 'appc.io/docker/registryurl', value: 'registry-1.docker.io' },
    { name: 'appc.io/docker/repository', value: 'library/busybox' },
    { name: 'appc.io/docker/tag', value: 'latest' },
    { name: 'appc.io/docker/imageid', value: 'a'.repeat(64) },
    { name: 'appc.io/docker/manifesthash', value: DIGEST },
  ]);
});

test('planImageManifest, by digest, no tag and the digest as version', () => {
  const manifest = plan(`quay.io/a/b@${DIGEST}`);
  assert.deepEqual(manifest.labels?.at(-1), { name: 'version', value: DIGEST });
  assert.ok(!manifest.annotations?.some(({ name }) => name === 'appc.io/docker/tag'));
});

test('planImageManifest, odd host and repository, a manifest that parses', () => {
  for (const name of ['localhost:5000/a__b/c.d-e', '[::1]:5000/x', 'HOST/x']) {
    const manifest = plan(name, config({ Volumes: ['/a b'], ExposedPorts: ['80'], Cmd: ['x'] }));
    assert.equal(parseImageManifest(renderImageManifest(manifest)).name, manifest.name);
  }
});

test('planImageManifest, image for another system or an unknown machine, refused', () => {
  assert.throws(() => plan('x', config({}, { os: 'windows' })));
  assert.throws(() => plan('x', config({}, { architecture: 'pdp11' })));
});

test('planImageManifest, a health check, in annotations; what is not said is left out', () => {
  const health = (Healthcheck: NonNullable<OciRunConfig['Healthcheck']>) =>
    plan('x', config({ Healthcheck })).annotations?.filter(({ name }) => name.includes('/health-'));
  const full = { Test: ['CMD-SHELL', 'true'], Interval: 5e9, Timeout: 1e9, StartPeriod: 2e9, Retries: 2 };
  assert.deepEqual(health(full), [
    { name: 'coreos.com/rkt/health-cmd', value: '["CMD-SHELL","true"]' },
    { name: 'coreos.com/rkt/health-interval', value: '5000000000ns' },
    { name: 'coreos.com/rkt/health-timeout', value: '1000000000ns' },
    { name: 'coreos.com/rkt/health-retries', value: '2' },
    { name: 'coreos.com/rkt/health-start-period', value: '2000000000ns' },
  ]);
  assert.deepEqual(health({ Test: ['NONE'], Interval: 0 }), [{ name: 'coreos.com/rkt/health-cmd', value: '["NONE"]' }]);
});

test('planApp, users of all forms', () => {
  const cases: [string | undefined, string, string][] = [
    [undefined, '0', '0'],
    ['', '0', '0'],
    ['web', 'web', 'web'],
    ['1000:50', '1000', '50'],
    ['web:', 'web', 'web'],
    [':50', '0', '50'],
  ];
  for (const [text, user, group] of cases) {
    const app = planApp(text === undefined ? {} : { User: text });
    assert.deepEqual([app.user, app.group], [user, group], String(text));
  }
});

test('planApp, environment with a name twice, no value and no name', () => {
  const { environment } = planApp({ Env: ['A=1', 'B=x=y', 'A=2', 'C', '=D', 'E='] });
  assert.deepEqual(environment, [
    { name: 'A', value: '2' },
    { name: 'B', value: 'x=y' },
    { name: 'E', value: '' },
  ]);
});

test('planApp, relative working directory, from the root', () => {
  assert.equal(planApp({ WorkingDir: 'srv/../app' }).workingDirectory, '/app');
});

test('planMountPoints, paths that get one name, numbered alike whatever their order', () => {
  const expected = [
    { name: 'volume-a-b', path: '/a.b' },
    { name: 'volume-a-b-1', path: '/a/b' },
  ];
  assert.deepEqual(planMountPoints(['/a/b', '/a.b']), expected);
  assert.deepEqual(planMountPoints(['/a.b', '/a/b']), expected);
});

test('planPorts, protocols and ranges, sorted by name', () => {
  assert.deepEqual(planPorts(['80/tcp', '8000-8010/udp', '53']), [
    { name: '53', protocol: 'tcp', port: 53 },
    { name: '80-tcp', protocol: 'tcp', port: 80 },
    { name: '8000-8010-udp', protocol: 'udp', port: 8000, count: 11 },
  ]);
});

test('planPorts, no port, refused', () => {
  for (const text of ['', 'http', '0', '70000', '9-8', '80/tcp/udp']) {
    assert.throws(() => planPorts([text]), { code: 'unsupported-image' }, text);
  }
});
