import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageManifest } from '#appc';
import { appAnnotations } from './app-annotations.ts';

const notify = { name: 'appc.io/executor/supports-systemd-notify', value: 'true' };
const image = (...annotations: ImageManifest['annotations'] & object): ImageManifest =>
  ({ acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/a', annotations }) as unknown as ImageManifest;
const health = (word: string, value: string) => ({ name: `coreos.com/rkt/health-${word}`, value });

test('appAnnotations, of an image that says how it is probed and that it notifies, take that over and nothing else', () => {
  const said = [health('cmd', '["CMD","x"]'), health('interval', '5s'), notify];
  assert.deepEqual(appAnnotations([{ name: 'a', value: 'b' }], image({ name: 'authors', value: 'x' }, ...said)), [
    { name: 'a', value: 'b' }, notify, health('cmd', '["CMD","x"]'), health('interval', '5s'),
  ]);
});

test("appAnnotations, of an app that says otherwise, are the app's", () => {
  const own = [{ ...notify, value: 'false' }, health('cmd', 'none')];
  assert.deepEqual(appAnnotations(own, image(notify, health('cmd', 'x'))), own);
});
