import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '#tests/support';
import { openScene } from './scene.ts';

const root = needs('root');
const parse = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;

test('--cpuprofile and --memprofile, a command and a pod, are written to the end of rkt', root, async () => {
  await using scene = openScene();
  const [cpu, memory] = [scene.home.file('cpu'), scene.home.file('memory')];
  const run = await scene.insecure([`--cpuprofile=${cpu}`, `--memprofile=${memory}`, 'run', '--net=none', scene.aci, '--exec=/bin/echo', '--', 'from the pod']);
  assert.match(run.stdout, /^from the pod\r?\n$/);
  assert.ok(Array.isArray(parse(cpu)['nodes']));
  assert.ok('head' in parse(memory));
  await scene.rkt([`--cpuprofile=${cpu}`, 'list']);
  assert.doesNotMatch(readFileSync(cpu, 'utf8'), /runPod/);
});

test('--cpuprofile, a file that cannot be written, is refused before anything is done', root, async () => {
  await using scene = openScene();
  const { stderr } = await scene.insecure(['--cpuprofile=/nowhere/cpu', 'fetch', scene.aci], { status: 254 });
  assert.match(stderr, /^fetch: cannot write the profile: open \/nowhere\/cpu: no such file or directory$/m);
  assert.equal((await scene.rkt(['image', 'list', '--no-legend'])).stdout.trim(), '');
});
