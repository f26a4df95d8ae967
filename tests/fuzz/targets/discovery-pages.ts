import assert from 'node:assert/strict';
import { parseImageName } from '#appc';
import { META_TAG_LIMIT } from '../../../src/image/discovery/limits.ts';
import { scanMetaTags } from '../../../src/image/discovery/meta-tags.ts';
import { readDiscoveryPage } from '../../../src/image/discovery/plan-discovery.ts';
import { mutateText } from '../mutate.ts';
import { subjectOf, type Target } from '../target.ts';

const PAGE = `<!doctype html><html><head><title>x</title><!-- c --><script>if (a < b) "<meta>"</script>
<meta name="ac-discovery" content="example.com https://s.example.com/{os}/{arch}/{name}-{version}.{ext}?a=1&amp;b=2">
<META content='example.com/team http://s/{name}.{ext}' name=ac-discovery />
<meta name="ac-discovery-pubkeys" content="example.com https://example.com/pubkeys.gpg"></head><body></body></html>`;
const PIECES = [
  '<', '>', '<meta', ' name=', ' content=', '"', "'", 'ac-discovery', 'ac-discovery-pubkeys', 'example.com ', 'https://', '{name}', '{ext}', '{', '}',
  '{version}', '<!--', '-->', '<script>', '</script>', '&amp;', '&#', '&#x110000;', '/', '=', ' ', '\0', '\ud800', '://@', ':99999', '..', '[',
];
const wanted = parseImageName('example.com/team/app:1.2,os=linux,arch=amd64');

export const discoveryPages: Target = {
  name: 'discovery-pages',
  limit: 1500,
  open: async () =>
    subjectOf((random) => {
      const part = random.text(PIECES, 40);
      const large = random.chance(0.02) ? part.repeat(Math.ceil((1 << 19) / (part.length + 1))) : part;
      const page = random.chance(0.5) ? mutateText(PAGE, random) : `${PAGE.slice(0, random.below(PAGE.length))}${large}`;
      assert.ok(scanMetaTags(page).length <= META_TAG_LIMIT);
      for (const { aci, signature } of readDiscoveryPage(page, wanted).endpoints) {
        for (const url of [aci, signature]) assert.match(url.protocol, /^https?:$/);
      }
    }),
};
