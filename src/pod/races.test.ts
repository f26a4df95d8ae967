import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { startProgram } from '#sys';
import { createPod, listPods, openPod } from './index.ts';

const door = new URL('index.ts', import.meta.url).href;

function dataDir(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rkt-pod-race-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface Child {
  /** The next line it prints. */
  line(): Promise<string>;
  kill(): Promise<void>;
}

/** Another process that runs `body` with the door of this room as `pod` and the data directory as `dir`. */
function child(t: TestContext, dir: string, body: string): Child {
  const source = `import * as pod from ${JSON.stringify(door)}; const dir = ${JSON.stringify(dir)}; ${body}`;
  const process_ = startProgram(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(process_, 'close');
  const lines = readLines(process_.stdout!);
  const kill = async (): Promise<void> => {
    process_.kill('SIGKILL');
    await ended;
  };
  t.after(kill);
  return { line: async () => (await lines.next()).value ?? '', kill };
}

async function* readLines(stream: Readable): AsyncGenerator<string, undefined> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const parts = (text + chunk).split('\n');
    text = parts.pop()!;
    yield* parts;
  }
  return undefined;
}

const forever = 'setInterval(() => {}, 1000);';

function preparedPod(dir: string): string {
  using pod = createPod(dir);
  pod.toPrepared();
  return pod.uuid;
}

test('toRun, six processes at once, one wins and five are told that it is not prepared', async (t) => {
  const dir = dataDir(t);
  const uuid = preparedPod(dir);
  const runners = Array.from({ length: 6 }, () =>
    child(t, dir, `
      const it = pod.openPod(dir, '${uuid}');
      console.log('ready');
      while (!(await import('node:fs')).existsSync(dir + '/go'));
      try { it.toRun(); console.log('won'); } catch (error) { console.log(error.code); }
      ${forever}`));
  await Promise.all(runners.map((runner) => runner.line()));
  writeFileSync(`${dir}/go`, '');
  const results = await Promise.all(runners.map((runner) => runner.line()));
  assert.deepEqual(results.sort(), [...Array<string>(5).fill('pod-not-prepared'), 'won']);
});

test('lockExclusive, others look at the state without pause, always succeeds', async (t) => {
  const dir = dataDir(t);
  const marked = createPod(dir);
  marked.toRun();
  marked.close();
  using gc = openPod(dir, marked.uuid);
  gc.toExitedGarbage();
  const readers = [1, 2].map(() =>
    child(t, dir, `
      const it = pod.openPod(dir, '${marked.uuid}');
      console.log('ready');
      for (;;) it.refresh();`));
  await Promise.all(readers.map((reader) => reader.line()));
  for (let i = 0; i < 500; i++) {
    using collector = openPod(dir, marked.uuid);
    assert.ok(collector.lockExclusive(), 'a reader must not keep a pod from being collected');
  }
});

test('openPod, maker finishes the preparation meanwhile, never sees it as aborted', async (t) => {
  const dir = dataDir(t);
  const reader = child(t, dir, `
    console.log('ready');
    const fs = await import('node:fs');
    let aborted = 0;
    while (!fs.existsSync(dir + '/stop')) for (const each of pod.listPods(dir)) if (each.state === 'aborted prepare') aborted++;
    console.log(aborted);`);
  await reader.line();
  for (let i = 0; i < 200; i++) preparedPod(dir);
  writeFileSync(`${dir}/stop`, '');
  assert.equal(await reader.line(), '0');
});

test('toExitedGarbage, two collectors at once, both end well and every pod is marked once', async (t) => {
  const dir = dataDir(t);
  for (let i = 0; i < 30; i++) {
    using pod = createPod(dir);
    pod.toRun();
  }
  const mark = `for (const each of pod.listPods(dir, ['run'])) each.toExitedGarbage(); console.log('done');`;
  const collectors = [child(t, dir, mark), child(t, dir, mark)];
  assert.deepEqual(await Promise.all(collectors.map((each) => each.line())), ['done', 'done']);
  let marked = 0;
  for (const pod of listPods(dir)) if (pod.state === 'exited garbage') marked++;
  assert.equal(marked, 30);
});

test('state, holder killed, goes from preparing to aborted and from running to exited', async (t) => {
  const dir = dataDir(t);
  const maker = child(t, dir, `globalThis.it = pod.createPod(dir); console.log(it.uuid); ${forever}`);
  const uuid = await maker.line();
  using pod = openPod(dir, uuid);
  assert.equal(pod.state, 'preparing');
  await maker.kill();
  pod.refresh();
  assert.equal(pod.state, 'aborted prepare');

  const runner = child(t, dir, `globalThis.it = pod.createPod(dir); it.toRun(); console.log(it.uuid); ${forever}`);
  using running = openPod(dir, await runner.line());
  assert.equal(running.waitUntilExited(30), false);
  await runner.kill();
  assert.equal(running.waitUntilExited(1000), true);
  assert.equal(running.waitUntilExited(), true);
  assert.equal(running.state, 'exited');
});

test('waitUntilExited, pod prepared then run then ended by others, returns after its end', async (t) => {
  const dir = dataDir(t);
  const uuid = preparedPod(dir);
  const waiter = child(t, dir, `
    const it = pod.openPod(dir, '${uuid}');
    console.log(it.state);
    it.waitUntilExited();
    console.log(it.state);`);
  assert.equal(await waiter.line(), 'prepared');
  const runner = openPod(dir, uuid);
  runner.toRun();
  const answer = waiter.line();
  assert.equal(await Promise.race([answer, new Promise((done) => setTimeout(done, 150, 'waiting'))]), 'waiting');
  runner.close();
  assert.equal(await answer, 'exited');
});

test('lockExclusive, another process owns the pod, is refused without delay', async (t) => {
  const dir = dataDir(t);
  const owner = child(t, dir, `globalThis.it = pod.createPod(dir); it.toRun(); console.log(it.uuid); ${forever}`);
  using pod = openPod(dir, await owner.line());
  const start = performance.now();
  assert.equal(pod.lockExclusive(), false);
  assert.ok(performance.now() - start < 100);
});
