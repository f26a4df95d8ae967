import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageConfig } from './image-config.ts';

const diffId = `sha256:${'d'.repeat(64)}`;
const minimal = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [diffId] } };
const parse = (document: unknown): unknown => parseImageConfig(Buffer.from(JSON.stringify(document)));

test('parseImageConfig, every member, is read; sets become lists', () => {
  const config = {
    Env: ['A=b'], Entrypoint: ['/x'], Cmd: ['y'], User: '1:2', WorkingDir: '/w', ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} }, Labels: { l: 'v' }, StopSignal: 'SIGINT', Healthcheck: { Test: [] },
  };
  const history = [{ created: 't', created_by: 'c', empty_layer: true }, {}];
  assert.deepEqual(parse({ ...minimal, variant: 'v3', created: '2020', author: 'me', config, history, docker_version: '1' }), {
    ...minimal, variant: 'v3', created: '2020', author: 'me', history,
    config: {
      Env: ['A=b'], Entrypoint: ['/x'], Cmd: ['y'], User: '1:2', WorkingDir: '/w', ExposedPorts: ['80/tcp'],
      Volumes: ['/data'], Labels: { l: 'v' }, StopSignal: 'SIGINT',
    },
  });
});

test('parseImageConfig, nulls and nothing, are absent; a single word is a list', () => {
  assert.deepEqual(parse({ ...minimal, config: null, variant: '' }), { ...minimal, config: {}, history: [] });
  assert.deepEqual(parse({ ...minimal, config: { Cmd: null, Volumes: null, Entrypoint: 'sh' } }), { ...minimal, config: { Entrypoint: ['sh'] }, history: [] });
});

test('parseImageConfig, a health check, is read if it has a test', () => {
  const Healthcheck = { Test: ['CMD', 'x'], Interval: 1, Timeout: 2, StartPeriod: 3, Retries: 4 };
  assert.deepEqual(parse({ ...minimal, config: { Healthcheck: { ...Healthcheck, Other: 1 } } }), { ...minimal, config: { Healthcheck }, history: [] });
  assert.throws(() => parse({ ...minimal, config: { Healthcheck: { Test: ['x'], Retries: -1 } } }), { code: 'bad-config' });
});

test('parseImageConfig, wrong types, are refused with the way to them', () => {
  const documents: [object, RegExp][] = [
    [{ os: undefined }, /os is missing/],
    [{ rootfs: undefined }, /rootfs is missing/],
    [{ rootfs: { type: 'tree' } }, /rootfs: type must be "layers"/],
    [{ rootfs: { type: 'layers', diff_ids: ['x'] } }, /rootfs: diff_ids: 0: "x" is not a digest/],
    [{ rootfs: { type: 'layers', diff_ids: Array(513).fill(diffId) } }, /has 513 entries, more than 512/],
    [{ config: { Env: ['A=\0'] } }, /config: Env: 0: must not contain a NUL/],
    [{ config: { Cmd: [1] } }, /config: Cmd: 0: must be a string/],
    [{ config: { Volumes: ['/a'] } }, /config: Volumes: must be an object/],
    [{ config: [] }, /config: must be an object/],
    [{ history: {} }, /history: must be an array/],
  ];
  for (const [more, message] of documents) assert.throws(() => parse({ ...minimal, ...more }), { code: 'bad-config', message }, JSON.stringify(more).slice(0, 60));
});

test('parseImageConfig, a name JavaScript keeps for itself, is a name like others', () => {
  const config = JSON.parse('{"Labels":{"__proto__":"x"}}') as object;
  const labels = parseImageConfig(Buffer.from(JSON.stringify({ ...minimal, config }))).config.Labels ?? {};
  assert.deepEqual(Object.entries(labels), [['__proto__', 'x']]);
});
