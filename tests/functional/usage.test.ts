/** What `rkt stats` and `rkt top` tell of real pods, and how top leaves a terminal. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { needs, rktProgram } from '#tests/support';
import { startRkt } from './running-pod.ts';
import { openScene, type Scene } from './scene.ts';

const root = needs('root');
const BUSY = ['--exec=/bin/sh', '--', '-c', 'dd if=/dev/zero of=/x bs=1M count=2 oflag=direct; sleep 1000 & while :; do :; done'];
const IDLE = ['--exec=/bin/sleep', '--', '1000'];

interface Stats {
  readonly name: string;
  readonly apps: readonly { name: string; cpu_percent: number; cpu_ns: number; memory_bytes: number; memory_limit_bytes?: number; io_written_bytes: number; pids: number }[];
}

const startBoth = (scene: Scene) =>
  startRkt(scene, ['run', '--net=none', scene.aci, '--name=busy', '--memory=64Mi', ...BUSY, '---', scene.aci, '--name=idle', ...IDLE]);

test('stats, a pod of a busy and an idle app, tells them apart', root, async () => {
  await using scene = openScene();
  const { uuid } = await startBoth(scene);
  let busy, idle;
  // What it writes comes to the disk before it is busy.
  do {
    const [pod] = JSON.parse((await scene.rkt(['stats', '--format=json', uuid])).stdout) as [Stats];
    assert.equal(pod.name, uuid);
    [busy, idle] = pod.apps as [Stats['apps'][0], Stats['apps'][0]];
  } while (busy.pids !== 2);
  assert.deepEqual([busy.name, idle.name], ['busy', 'idle']);
  assert.ok(busy.cpu_percent > idle.cpu_percent, `${busy.cpu_percent} and ${idle.cpu_percent} percent`);
  assert.ok(busy.cpu_ns > idle.cpu_ns);
  assert.deepEqual([busy.memory_limit_bytes, idle.memory_limit_bytes], [64 << 20, undefined]);
  assert.ok(idle.memory_bytes > 0 && idle.memory_bytes < 64 << 20, `${idle.memory_bytes} bytes`);
  assert.ok(busy.io_written_bytes >= 2 << 20, `${busy.io_written_bytes} bytes written`);
  assert.equal(idle.pids, 1);
});

test('stats, without pods, tells of those that run and of no others', root, async () => {
  await using scene = openScene();
  await scene.prepare(scene.aci);
  const legend = /^UUID\s+APP\s+CPU\s+MEMORY\s+LIMIT\s+READ\s+WRITTEN\s+PIDS\n$/;
  assert.match((await scene.rkt(['stats', '--interval=0s'])).stdout, legend);
  const { uuid } = await startRkt(scene, ['run', '--net=none', scene.aci, ...IDLE]);
  const { stdout } = await scene.rkt(['stats', '--interval=0s', '--no-legend', '--full']);
  assert.match(stdout, new RegExp(`^${uuid}\\s+busybox\\s+-\\s+[\\d.]+KiB\\s+-\\s+[\\d.]+\\w*B\\s+[\\d.]+\\w*B\\s+1\\n$`));
});

test('stats, a pod that does not run, is refused by its state', root, async () => {
  await using scene = openScene();
  const uuid = await scene.prepare(scene.aci);
  for (const command of ['stats', 'top']) {
    const { stderr } = await scene.rkt([command, uuid], { status: 254 });
    assert.equal(stderr, `${command}: pod "${uuid}" is not running\nit is prepared\n`);
    assert.match((await scene.rkt([command, 'deadbeef'], { status: 254 })).stderr, /problem retrieving pod: no matches found for "deadbeef"/);
  }
});

for (const command of [['stats', '--watch'], ['top']]) {
  test(`${command.join(' ')}, of a pod that ends, prints a line of JSON a measurement and ends with it`, root, async () => {
    await using scene = openScene();
    const { uuid } = await startRkt(scene, ['run', '--net=none', scene.aci, '--exec=/bin/sleep', '--', '6']);
    const { stdout } = await scene.rkt([...command, '--interval=200ms', '--format=json', uuid]);
    const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as [Stats]);
    assert.ok(lines.length > 1);
    assert.deepEqual(lines.map(([{ name }]) => name), lines.map(() => uuid));
  });
}

test('stats and top, an interval that is none, show their help', root, async () => {
  await using scene = openScene();
  for (const args of [['stats', '--watch', '--interval=0s'], ['stats', '--interval=-1s'], ['top', '--interval=0s']]) {
    assert.match((await scene.rkt(args, { status: 254 })).stdout, /^NAME:/);
  }
  assert.match((await scene.rkt(['top', '--sort=size'], { status: 254 })).stderr, /must be one of "cpu", "memory", "io", "pids", "name"/);
});

test('top, without a terminal, names the command for a pipe', root, async () => {
  await using scene = openScene();
  assert.match((await scene.rkt(['top'], { status: 254 })).stderr, /must be a terminal; for a file or a pipe there is "rkt stats --watch"/);
});

/** A terminal with `rkt top` on it, and what stty says of it afterwards. */
function onTerminal(scene: Scene) {
  const top = [rktProgram(), ...scene.home.flags, 'top', '--interval=200ms'].join(' ');
  const command = `stty rows 20 cols 90; ${top}; echo "ended $?"; stty -a`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const seen = { text: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (seen.text += text));
  const ended = new Promise((resolve) => child.once('close', resolve));
  /** Until what was drawn last, whole, is like that. */
  const untilDrawn = async (pattern: RegExp): Promise<void> => {
    for (;;) {
      const frames = seen.text.split(HOME);
      if (frames.slice(-2).some((frame) => pattern.test(frame))) return;
      if (child.exitCode !== null) throw new Error(`ended without ${pattern}: ${seen.text}`);
      await sleep(50);
    }
  };
  return { child, seen, ended, untilDrawn };
}

const HOME = '\u001b[H';
const terminal = needs('root', 'script', 'stty');
const GIVEN_BACK = '\u001b[?25h\u001b[?1049l';

for (const [key, name] of [['q', 'q'], ['\u0003', 'Ctrl-C']] as const) {
  test(`top, on a terminal, draws again and again, sorts, and ends by ${name} with the terminal as it was`, terminal, async () => {
    await using scene = openScene();
    await startBoth(scene);
    const { child, seen, ended, untilDrawn } = onTerminal(scene);
    await untilDrawn(/rkt top: pods 1, apps 2[^]*busy +\d+\.\d%[^]*idle +\d+\.\d%/);
    child.stdin.write('nr');
    await untilDrawn(/idle [^]*busy /);
    child.stdin.write(key);
    await ended;
    assert.match(seen.text, /ended 0/);
    assert.ok(seen.text.includes(GIVEN_BACK));
    assert.match(seen.text, /(?<!-)icanon/);
    assert.match(seen.text, /(?<!-)echo /);
  });
}

test('top, that is ended by a signal, gives the terminal back', terminal, async () => {
  await using scene = openScene();
  const { seen, ended, untilDrawn } = onTerminal(scene);
  await untilDrawn(/rkt top: pods 0/);
  signalTop(scene);
  await ended;
  assert.match(seen.text, /ended 143/);
  assert.ok(seen.text.includes(GIVEN_BACK));
  assert.match(seen.text, /(?<!-)icanon/);
});

/** SIGTERM to the top of this test alone. */
function signalTop(scene: Scene): void {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const own = pids.filter((pid) => commandLine(pid).includes('top') && commandLine(pid).includes(scene.home.flags[0]!));
  assert.equal(own.length, 1);
  process.kill(Number(own[0]), 'SIGTERM');
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
