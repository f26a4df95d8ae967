import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthAnnotations, healthWordsOf, mergeHealthWords, readHealthCheck } from './health-check.ts';

const usual = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0, onFailure: 'none' };
const exec = (...command: string[]) => ({ probe: { kind: 'exec', command }, ...usual });

test('readHealthCheck, commands of all forms', () => {
  assert.deepEqual(readHealthCheck({ cmd: 'test -f /ok && true' }), exec('/bin/sh', '-c', 'test -f /ok && true'));
  assert.deepEqual(readHealthCheck({ cmd: '["/probe", "a b"]' }), exec('/probe', 'a b'));
  assert.deepEqual(readHealthCheck({ cmd: '["CMD","/probe"]' }), exec('/probe'));
  assert.deepEqual(readHealthCheck({ cmd: '["CMD-SHELL","a | b"]' }), exec('/bin/sh', '-c', 'a | b'));
  assert.deepEqual(readHealthCheck({ cmd: '[ -f /ok ]' }), exec('/bin/sh', '-c', '[ -f /ok ]'));
});

test('readHealthCheck, ports with and without a path', () => {
  assert.deepEqual(readHealthCheck({ tcp: '5432' })?.probe, { kind: 'tcp', port: 5432 });
  assert.deepEqual(readHealthCheck({ http: '80' })?.probe, { kind: 'http', port: 80, path: '/' });
  assert.deepEqual(readHealthCheck({ http: '80/health?a=b' })?.probe, { kind: 'http', port: 80, path: '/health?a=b' });
});

test('readHealthCheck, all the rest of it, is read', () => {
  const words = { tcp: '1', interval: '1m', timeout: '500ms', retries: '5', 'start-period': '10s', 'on-failure': 'kill' };
  const expected = { intervalMs: 60_000, timeoutMs: 500, retries: 5, startPeriodMs: 10_000, onFailure: 'kill' };
  assert.deepEqual(readHealthCheck(words), { probe: { kind: 'tcp', port: 1 }, ...expected });
});

test('readHealthCheck, nothing to probe, is undefined', () => {
  for (const words of [{}, { cmd: 'none' }, { cmd: 'none', interval: '5s' }]) assert.equal(readHealthCheck(words), undefined);
});

test('readHealthCheck, what cannot be, throws', () => {
  const bad = [
    { cmd: '' }, { cmd: '[]' }, { cmd: '["CMD"]' }, { cmd: '["CMD-SHELL"]' }, { cmd: '["a\\u0000"]' }, { tcp: '0' }, { tcp: '65536' }, { tcp: 'http' },
    { http: '80/a b' }, { http: '80/a\r\nX: y' }, { http: '/x' }, { http: '80', tcp: '80' }, { interval: '5s' },
    { tcp: '1', interval: '0s' }, { tcp: '1', interval: '-5s' }, { tcp: '1', interval: '5' }, { tcp: '1', timeout: '1000h' },
    { tcp: '1', retries: '0' }, { tcp: '1', 'start-period': '-1s' }, { tcp: '1', 'on-failure': 'reboot' },
  ];
  for (const words of bad) assert.throws(() => readHealthCheck(words), { code: 'bad-health' }, JSON.stringify(words));
});

test('mergeHealthWords, of an image and of an app, the app goes first and its probe is the only one', () => {
  const image = { cmd: '["CMD","x"]', interval: '5s', retries: '2' };
  assert.deepEqual(mergeHealthWords(image, {}), image);
  assert.deepEqual(mergeHealthWords(image, { retries: '9' }), { ...image, retries: '9' });
  assert.deepEqual(mergeHealthWords(image, { tcp: '80' }), { interval: '5s', retries: '2', tcp: '80' });
  assert.deepEqual(mergeHealthWords(image, { cmd: 'none' }), { cmd: 'none' });
});

test('healthAnnotations, are read back', () => {
  const words = { http: '80', 'on-failure': 'stop' } as const;
  assert.deepEqual(healthWordsOf({ annotations: healthAnnotations(words) }), words);
});
