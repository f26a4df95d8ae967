import assert from 'node:assert/strict';
import { test } from 'node:test';
import { META_TAG_LIMIT } from './limits.ts';
import { scanMetaTags } from './meta-tags.ts';

test('scanMetaTags, all the ways to write a tag, found', () => {
  const tags = [
    '<meta name="ac-discovery" content="a b">',
    "<META\n content = 'a b'\tNAME=ac-discovery />",
    '<meta content="a b" name="ac-discovery" name="other">',
    '<meta name=ac-discovery content="a b"x y=z/>',
    '<p <meta name="ac-discovery" content="a b"><meta name="ac-discovery" content="a&#32;b">',
    '</a <>< ><!x><?y?><meta name="ac-discovery" content="a&#x20;b">',
  ];
  for (const tag of tags) {
    assert.deepEqual(scanMetaTags(`<!doctype html><head>${tag}</head>`), [{ name: 'ac-discovery', content: 'a b' }], tag);
  }
});

test('scanMetaTags, content with character references, unescaped once', () => {
  const [tag] = scanMetaTags('<meta name=ac-x content="p https://a/?b&amp;c=&quot;&amp;lt;&#x110000;&#65;">');
  assert.equal(tag?.content, 'p https://a/?b&c="&lt;&#x110000;A');
});

test('scanMetaTags, comments, scripts, other names and broken ends, nothing', () => {
  const tag = '<meta name="ac-discovery" content="a b">';
  const pages = [
    `<!-- ${tag} -->`,
    `<script>${tag}</scripty></script >`,
    `<title>${tag}</TITLE>`,
    `<textarea>${tag}`,
    '<meta name="description" content="a b">',
    '<meta name="ac-discovery" content="a b"',
    `<a title="${tag.replaceAll('"', "'")}">`,
    '<metadata name="ac-discovery" content="a b">',
    '',
  ];
  for (const page of pages) assert.deepEqual(scanMetaTags(page), [], page);
});

test('scanMetaTags, more tags than are looked at, the first of them', () => {
  assert.equal(scanMetaTags('<meta name=ac-x content=y>'.repeat(META_TAG_LIMIT + 5)).length, META_TAG_LIMIT);
});

test('scanMetaTags, a megabyte of anything repeated, done in no time', () => {
  for (const part of ['<', '<meta ', '<meta a="', "<a '", '<!--', '<script>', '<a =', '&#', '</', '<meta name=ac-x ', '= ', '<a b= ']) {
    const started = performance.now();
    scanMetaTags(part.repeat((1 << 20) / part.length));
    scanMetaTags(`<meta ${part.repeat((1 << 20) / part.length)}`);
    assert.ok(performance.now() - started < 2000, `${part}: ${performance.now() - started} ms`);
  }
});
