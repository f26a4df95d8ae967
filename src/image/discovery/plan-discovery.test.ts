import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageName } from '#appc';
import { discoveryPrefixes, readDiscoveryPage } from './plan-discovery.ts';

const wanted = (text: string) => parseImageName(text);
const page = (...contents: string[]) => contents.map((content) => `<meta name="ac-discovery" content="${content}">`).join('');
const read = (html: string, text = 'example.com/team/app:1.2,os=linux,arch=amd64') => {
  const { endpoints, keys } = readDiscoveryPage(html, wanted(text));
  return { urls: endpoints.map(({ aci, signature }) => [aci.href, signature.href]), keys };
};

test('discoveryPrefixes, a path, itself and all above it', () => {
  const { name } = wanted('example.com/team/app');
  assert.deepEqual(discoveryPrefixes(name), ['example.com/team/app', 'example.com/team', 'example.com']);
  assert.throws(() => discoveryPrefixes(wanted(`a.com${'/b'.repeat(16)}`).name), /more than 16 parts/);
});

test('readDiscoveryPage, a template of everything, filled in for image and signature', () => {
  assert.deepEqual(read(page('example.com https://s.example.com/{os}/{arch}/{name}-{version}.{ext}')).urls, [
    [
      'https://s.example.com/linux/amd64/example.com/team/app-1.2.aci',
      'https://s.example.com/linux/amd64/example.com/team/app-1.2.aci.asc',
    ],
  ]);
});

test('readDiscoveryPage, no version asked for, latest', () => {
  const [urls] = read(page('example.com https://a/{version}.{ext}'), 'example.com/app').urls;
  assert.equal(urls?.[0], 'https://a/latest.aci');
});

test('readDiscoveryPage, several templates, in their order without those that cannot be filled in', () => {
  const contents = [
    'example.com https://a/{channel}.{ext}',
    'other.com https://a/1.{ext}',
    'example.com/team   http://a/2.{ext}',
    'example.com ftp://a/{ext}',
    'example.com hdfs',
    'example.com',
    '',
    'example.com https://a/3.{ext}',
  ];
  assert.deepEqual(read(page(...contents)).urls.map(([aci]) => aci), ['http://a/2.aci', 'https://a/3.aci']);
  const [urls] = read(page(contents[0]!), 'example.com/app,channel=beta').urls;
  assert.equal(urls?.[0], 'https://a/beta.aci');
});

test('readDiscoveryPage, label with what ends a host or a path, escaped', () => {
  const { name } = wanted('example.com/app');
  const labels = [{ name, value: '' }, { name: parseImageName('version').name, value: '@evil.com:1/?#{ext}%\ud800' }];
  const html = page('example.com https://good.com/{version}.{ext}');
  const [endpoint] = readDiscoveryPage(html, { name, labels }).endpoints;
  assert.equal(endpoint?.aci.href, 'https://good.com/%40evil.com%3A1/%3F%23%7Bext%7D%25%EF%BF%BD.aci');
});

test('readDiscoveryPage, keys, their URLs as they stand', () => {
  const html = '<meta name="ac-discovery-pubkeys" content="example.com https://a/keys.gpg"><meta name="ac-discovery-pubkeys" content="b c">';
  assert.deepEqual(read(html), { urls: [], keys: ['https://a/keys.gpg'] });
});
