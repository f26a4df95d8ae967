import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalQuantity, parseQuantity } from './quantity.ts';

test('parseQuantity, every suffix, is in whole units', () => {
  const amounts: [string, number][] = [
    ['42Mi', 44040192], ['42M', 42e6], ['1k', 1000], ['1Ki', 1024], ['2G', 2e9], ['2Gi', 2 * 2 ** 30], ['1T', 1e12], ['1Ti', 2 ** 40],
    ['1P', 1e15], ['1Pi', 2 ** 50], ['1e3', 1000], ['1E3', 1000], ['12e-1', 2], ['0', 0], ['+5', 5], ['-3', -3], ['1.', 1], ['.5k', 500],
    ['1.5Gi', 1610612736], ['900m', 1], ['1n', 1], ['0.1n', 1], ['-900m', -1], ['007', 7],
  ];
  for (const [text, amount] of amounts) assert.equal(parseQuantity(text), amount, text);
});

test('parseQuantity, thousandths asked for, rounds up to them', () => {
  const amounts: [string, number][] = [['900m', 900], ['0.5', 500], ['2', 2000], ['1u', 1], ['100.1m', 101], ['1e-3', 1]];
  for (const [text, amount] of amounts) assert.equal(parseQuantity(text, 'milli'), amount, text);
});

test('parseQuantity, what is none, is refused', () => {
  for (const text of ['', ' 1', '1 ', '.', '-', 'Mi', '1mi', '1KI', '1Kim', '1e', '1e+', '1ee3', '0x10', '1,5', '1.2.3', '١', '1e999', '9'.repeat(41)]) {
    assert.throws(() => parseQuantity(text), { code: 'bad-quantity' }, text);
  }
});

test('parseQuantity, more than a number holds exactly, is refused', () => {
  for (const text of ['8Ei', '9007199254740992', '1e20', '1E']) assert.throws(() => parseQuantity(text), /too large/, text);
});

test('canonicalQuantity, any quantity, is as Go writes it back', () => {
  const forms: [string, string][] = [
    ['42Mi', '42Mi'], ['64Mi', '64Mi'], ['1024Mi', '1Gi'], ['1Ki', '1Ki'], ['8Ki', '8Ki'], ['0.5Ki', '512'], ['1.5Gi', '1536Mi'],
    ['900m', '900m'], ['1000m', '1'], ['0.5', '500m'], ['1.5', '1500m'], ['100000000', '100M'], ['12345678', '12345678'],
    ['1e3', '1e3'], ['1e4', '10e3'], ['0', '0'], ['0Mi', '0'], ['-3', '-3'], ['-1000', '-1k'], ['0.0000000001', '1n'],
  ];
  for (const [text, form] of forms) assert.equal(canonicalQuantity(text), form, text);
});

test('canonicalQuantity, random quantities, mean the same and stay', () => {
  let seed = 11;
  const next = (limit: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % limit;
  const suffixes = ['', 'm', 'k', 'M', 'Ki', 'Mi', 'e3', 'e1'];
  for (let round = 0; round < 2000; round += 1) {
    const text = `${next(100_000)}${next(3) === 0 ? `.${next(1000)}` : ''}${suffixes[next(8)]}`;
    const canonical = canonicalQuantity(text);
    assert.equal(parseQuantity(canonical, 'milli'), parseQuantity(text, 'milli'), text);
    assert.equal(canonicalQuantity(canonical), canonical, text);
  }
});
