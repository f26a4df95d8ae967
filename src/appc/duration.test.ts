import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDurationMs } from './duration.ts';

test('parseDurationMs, what Go takes, is milliseconds', () => {
  const taken = { '0': 0, '0s': 0, '30m': 1_800_000, '1h30m': 5_400_000, '1.5s': 1500, '-5s': -5000, '250ms': 250, '.5s': 500 };
  for (const [text, milliseconds] of Object.entries(taken)) assert.equal(parseDurationMs(text), milliseconds, text);
});

test('parseDurationMs, what Go refuses, is undefined', () => {
  for (const text of ['', '5', 's', '1d', '1h 5m', 'true', '.s']) assert.equal(parseDurationMs(text), undefined, text);
});
