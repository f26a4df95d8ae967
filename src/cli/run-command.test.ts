import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseImageManifest, parsePodManifest } from '#appc';
import { RktError } from '#errors';
import type { Engine, GlobalOptions, Listener } from '#stage0';
import { runCommand } from './run-command.ts';

const uuid = '6f4f2914-c740-4285-b9d2-7d2920c83493';
const imageId = 'sha512-12f7bf979a5fb59f94a238331eddfa60185736b2772d30ca783e8158fd3b4dc1';

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly globals: GlobalOptions | undefined;
}

interface Options {
  readonly isRoot?: boolean;
  readonly watched?: boolean;
  /** What somebody types. */
  readonly typed?: string[];
  /** Called when the engine is asked for. */
  readonly meet?: (listener: Listener) => void;
}

/** Runs a command against an engine that has these verbs only. */
async function rkt(line: string, verbs: Partial<Engine> = {}, options: Options = {}): Promise<Ran> {
  const text = { stdout: '', stderr: '' };
  let globals: GlobalOptions | undefined;
  const exitCode = await runCommand(line === '' ? [] : line.split(' ').map((word) => (word === "''" ? '' : word)), {
    environment: { HOME: '/root' },
    isRoot: options.isRoot ?? true,
    enterUserNamespace: async () => {},
    now: () => 0n,
    write: (stream, more) => {
      text[stream] += more;
    },
    watched: () => options.watched ?? false,
    attended: () => options.typed !== undefined,
    readLine: () => options.typed?.shift(),
    openScreen: async () => undefined,
    attachedCaller: async () => assert.fail('nobody attaches here'),
    startProfiles: async () => assert.fail('nobody profiles here'),
    loadEngine: async (given, listener) => {
      globals = given;
      options.meet?.(listener);
      return verbs as Engine;
    },
  });
  return { exitCode, ...text, globals };
}

function notFound(pod: string): never {
  throw new RktError('pod-not-found', `no matches found for "${pod}"`);
}

async function says(line: string, verbs: Partial<Engine>, expected: Partial<Ran>): Promise<void> {
  const { exitCode, stderr, stdout } = await rkt(line, verbs);
  assert.deepEqual({ exitCode, stderr, stdout }, { exitCode: 0, stderr: '', stdout: '', ...expected });
}

describe('runCommand, what rkt itself says', () => {
  test('an unknown command', () =>
    says('bogus', {}, { exitCode: 254, stderr: 'Error: unknown command "bogus" for "rkt"\nRun \'rkt --help\' for usage.\n' }));
  test('no image', () =>
    says('run', {}, { exitCode: 254, stderr: 'run: must provide at least one image or specify the pod manifest\n' }));
  test('a value that cannot be points to the help', () =>
    says('run --port=x a', {}, {
      exitCode: 254,
      stderr: 'Error: invalid argument "x" for --port=x: "x" is not in name:[ip:]port format\nRun \'rkt run --help\' for usage.\n',
    }));
  test('a deprecated flag', async () => {
    const { stderr } = await rkt('prepare a --cap-retain=CAP_KILL', { prepare: async () => uuid });
    assert.equal(stderr, 'Flag --cap-retain has been deprecated, use --caps-retain instead\n');
  });
  test('no command at all shows the help and fails', async () => {
    const { exitCode, stderr, stdout } = await rkt('');
    assert.deepEqual([exitCode, stderr], [2, 'rkt: missing command\n']);
    assert.match(stdout, /^NAME:\n\trkt - /);
  });
  test('help is on standard output and no failure', async () => {
    const [one, two, three] = await Promise.all([rkt('help image list'), rkt('image list --help'), rkt('--help im l')]);
    assert.deepEqual([one?.exitCode, two?.exitCode], [0, 0]);
    assert.match(one?.stdout ?? '', /^NAME:\n\timage list - /);
    assert.equal(one?.stdout, two?.stdout);
    assert.equal(one?.stdout, three?.stdout);
  });
  test('too few words show the help and fail', async () => {
    for (const line of ['status', 'stop', 'rm', 'cat-manifest', 'run-prepared', 'enter', 'image cat-manifest', 'trust', 'status a b', 'status --wait=x a']) {
      const { exitCode, stdout } = await rkt(line);
      assert.equal(exitCode, 254, line);
      assert.match(stdout, /^NAME:/, line);
    }
  });
  test('a user without privileges is refused where root is needed', async () => {
    for (const command of ['run a', 'prepare a', 'run-prepared x', 'enter x', 'rm x', 'gc']) {
      const { exitCode, stderr } = await rkt(command, {}, { isRoot: false });
      assert.deepEqual([exitCode, stderr], [254, `${command.split(' ')[0]}: cannot run as unprivileged user\n`]);
    }
    assert.equal((await rkt('list', { list: async () => ({ pods: [], problems: [] }) }, { isRoot: false })).exitCode, 0);
  });
  test('a fault of the engine is no stack trace', async () => {
    const { exitCode, stderr } = await rkt('list');
    assert.equal(exitCode, 254);
    assert.match(stderr, /^list: internal error: TypeError: [^\n]*\n$/);
  });
});

describe('runCommand, pods', () => {
  test('prepare prints the UUID alone', () => says('prepare a', { prepare: async () => uuid }, { stdout: `${uuid}\n` }));

  test('run hands all over', async () => {
    const asked: unknown[] = [];
    const run = async (request: unknown): Promise<never> => {
      asked.push(request);
      throw new RktError('done', 'done');
    };
    const { globals, stderr } = await rkt('--dir=/d run --net=host --uuid-file-save=/u a -- x', { run });
    assert.equal(stderr, 'run: done\n');
    assert.equal(globals?.dataDir, '/d');
    const [request] = asked as [{ run: { net: string }; uuidFileSave: string; prepare: { apps: { args: string[] }[] } }];
    assert.deepEqual([request.run.net, request.uuidFileSave, request.prepare.apps[0]?.args], ['host', '/u', ['x']]);
  });
  test('run refuses ports without a network, and two interactive apps', async () => {
    await says('run --net=none --port=a:80 img', {}, { exitCode: 254, stderr: "run: --port flag does not work with 'none' networking\n" });
    await says('run --interactive a b', {}, { exitCode: 254, stderr: 'run: interactive option only supports one image\n' });
  });
  test('enter without a command assumes a shell', async () => {
    const asked: unknown[] = [];
    const enter = async (request: unknown): Promise<never> => {
      asked.push(request);
      return notFound('abc');
    };
    const { stderr } = await rkt('enter --app=web abc', { enter });
    assert.equal(stderr, 'enter: no command specified, assuming "/bin/bash"\nenter: problem retrieving pod: no matches found for "abc"\n');
    assert.deepEqual(asked, [{ pod: 'abc', app: 'web', command: ['/bin/bash'] }]);
  });
  test('status of no pod', () =>
    says('status deadbeef', { status: async (pod) => notFound(pod) }, {
      exitCode: 254,
      stderr: 'status: problem retrieving pod: no matches found for "deadbeef"\n',
    }));
  test('status without its UUID file exits 1', async () => {
    const { exitCode, stderr } = await rkt('status --uuid-file=/none/such');
    assert.deepEqual([exitCode, stderr], [1, 'status: unable to resolve UUID from file: open /none/such: no such file or directory\n']);
  });
  test('status waits first', async () => {
    const waits: unknown[] = [];
    const verbs: Partial<Engine> = {
      wait: async (...args) => void waits.push(args),
      status: async () => ({ uuid, state: 'prepared', apps: [], networks: [], createdAt: 0n }),
    };
    const { stdout } = await rkt('status --wait --wait-ready=10s abc', verbs);
    assert.match(stdout, /^state=prepared\n/);
    assert.deepEqual(waits, [['abc', 'ready', 10_000], ['abc', 'exited', undefined]]);
  });
  test('rm tells of each, and of failures at the end', async () => {
    const rm = async (pod: string): Promise<string> => (pod === 'a' ? uuid : notFound(pod));
    await says('rm a', { rm }, { stdout: `"${uuid}"\n` });
    await says('rm b a', { rm }, {
      exitCode: 254,
      stdout: `"${uuid}"\n`,
      stderr: 'rm: cannot get pod: no matches found for "b"\nrm: failed to remove one or more pods\n',
    });
  });
  test('rm of an empty UUID asks the engine, which says so', () =>
    says("rm ''", { rm: async () => { throw new RktError('uuid-empty', 'UUID cannot be empty'); } }, {
      exitCode: 254,
      stderr: 'rm: cannot get pod: UUID cannot be empty\nrm: failed to remove one or more pods\n',
    }));
  test('stop tells of each, and counts failures', async () => {
    const stop: Engine['stop'] = async (pod) =>
      pod === 'a' ? { uuid, outcome: 'stopped' } : pod === 'b' ? { uuid, outcome: 'already stopped' } : notFound(pod);
    await says('stop a b', { stop }, { stdout: `"${uuid}"\npod "${uuid}" is already stopped\n` });
    await says('stop 123', { stop }, {
      exitCode: 254,
      stderr: 'stop: cannot get pod: no matches found for "123"\nstop: failed to stop 1 pod(s)\n',
    });
  });
  test('gc tells of each pod and does not fail for one', () =>
    says('gc --grace-period=30m', {
      gc: async (request, observe) => {
        assert.deepEqual(request, { gracePeriodMs: 1_800_000, expirePreparedMs: 86_400_000, markOnly: false });
        observe({ kind: 'marked', uuid, because: 'exited' });
        observe({ kind: 'kept', uuid, because: 'grace period' });
        observe({ kind: 'removing', uuid });
        observe({ kind: 'problem', uuid, error: new RktError('x', 'no') });
      },
    }, {
      stdout: `Garbage collecting pod "${uuid}"\n`,
      stderr: `gc: moving pod "${uuid}" to garbage\ngc: pod "${uuid}" not removed: still within grace period (30m0s)\ngc: no\n`,
    }));
  test('cat-manifest prints JSON alone', async () => {
    const manifest = parsePodManifest('{"acVersion":"0.8.11","acKind":"PodManifest","apps":[],"volumes":null,"isolators":null,"annotations":null,"ports":[]}');
    const pretty = await rkt('cat-manifest abc', { podManifest: async () => manifest });
    assert.match(pretty.stdout, /^\{\n\t"acVersion": "0\.8\.11",\n/);
    const plain = await rkt('cat-manifest --pretty-print=false abc', { podManifest: async () => manifest });
    assert.equal(plain.stdout, '{"acVersion":"0.8.11","acKind":"PodManifest","apps":[],"volumes":null,"isolators":null,"annotations":null,"ports":[]}\n');
  });
  test('list tells what it could not read', async () => {
    const { exitCode, stderr, stdout } = await rkt('list --no-legend', { list: async () => ({ pods: [], problems: ['broken'] }) });
    assert.deepEqual([exitCode, stdout], [0, '\n']);
    assert.match(stderr, /^list: 1 error\(s\) encountered when listing pods:\nlist: -+\nlist: broken\n/);
  });
});

describe('runCommand, images', () => {
  test('fetch prints short IDs, --full whole ones', async () => {
    const fetch = async (): Promise<string[]> => [imageId];
    await says('fetch a', { fetch }, { stdout: 'sha512-12f7bf979a5fb59f94a238331eddfa60\n' });
    await says('image fetch --full=true a', { fetch }, { stdout: `${imageId}\n` });
    await says('fetch', { fetch }, { exitCode: 254, stderr: 'fetch: must provide at least one image\n' });
  });
  test('image rm counts what it removed, and does not fail for what is not there', () =>
    says('image rm a b', {
      imageRm: async () => [
        { kind: 'not found', image: 'a', error: new RktError('x', 'no image IDs found') },
        { kind: 'removed', id: imageId },
      ],
    }, {
      stdout: `successfully removed aci for image: "${imageId}"\n`,
      stderr: 'rm: no image IDs found\nrm: 1 image(s) successfully removed\n',
    }));
  test('image rm fails for an image that stays', async () => {
    const { exitCode, stderr } = await rkt('image rm a', { imageRm: async () => [{ kind: 'kept', id: imageId, error: new RktError('x', 'permission denied') }] });
    assert.equal(exitCode, 254);
    assert.match(stderr, /^rm: error removing aci for image "sha512-[^"]*": permission denied\nrm: 1 image\(s\) cannot be removed\n/);
  });
  test('image gc tells of trees', () =>
    says('image gc', { imageGc: async () => ({ removedTrees: ['deps-sha512-b'], images: [] }) }, {
      stderr: 'gc: removed treestore "deps-sha512-b"\n',
    }));
  test('image cat-manifest prints one line if asked to', async () => {
    const text = '{"acKind":"ImageManifest","acVersion":"0.8.11","name":"example.com/a"}';
    await says('image cat-manifest --pretty-print=false a', { imageManifest: async () => parseImageManifest(text) }, { stdout: `${text}\n` });
  });
  test('trust refuses what has no bounds', async () => {
    const { exitCode, stderr } = await rkt('trust key.asc');
    assert.equal(exitCode, 254);
    assert.match(stderr, /^trust: aborting due to implicit unbounded trust \(root domain\)\n/);
    await says('trust --root --prefix=a k', {}, { exitCode: 254, stderr: 'trust: --root and --prefix usage mutually exclusive\n' });
    await says('trust --prefix=https://a k', {}, { exitCode: 254, stderr: 'trust: --prefix must not contain a URL scheme, omit https://\n' });
  });
  test('config and version print their documents', async () => {
    await says('config --pretty-print=false', { config: async () => ({ stage0: [] }) }, { stdout: '{"stage0":[]}\n' });
    const { stdout } = await rkt('v');
    assert.match(stdout, /^rkt Version: 2\.0\.0\nappc Version: 0\.8\.11\n/);
  });
});

describe('runCommand, what the engine tells meanwhile', () => {
  const config = { config: async () => ({}) };
  test('warnings always, details with --debug only', async () => {
    const meet = (listener: Listener): void => {
      listener.warn('image: using image from file x');
      listener.debug('pod: detail');
    };
    assert.equal((await rkt('config', config, { meet })).stderr, 'image: using image from file x\n');
    assert.equal((await rkt('--debug config', config, { meet })).stderr, 'image: using image from file x\npod: detail\n');
  });
  test('progress on a terminal only, and nothing of it stays', async () => {
    const meet = (listener: Listener): void => {
      listener.progress({ kind: 'download', id: 'x', done: 0, total: 10 });
      listener.progress({ kind: 'end', id: 'x', done: 10, total: 10 });
    };
    assert.equal((await rkt('config', config, { meet })).stderr, '');
    const { stderr } = await rkt('config', config, { meet, watched: true });
    assert.ok(stderr.includes('downloading x') && stderr.endsWith('\r\u001b[K'), stderr);
  });
  test('a question is asked until it is answered', async () => {
    const answers: Promise<boolean>[] = [];
    const meet = (listener: Listener): void => void answers.push(listener.confirm('Are you sure you want to trust this key'));
    const { stderr } = await rkt('config', config, { meet, typed: ['maybe', 'yes'] });
    assert.equal(stderr, "Are you sure you want to trust this key (yes/no)?\nPlease enter 'yes' or 'no'\n");
    await rkt('config', config, { meet });
    assert.deepEqual(await Promise.all(answers), [true, false]);
  });
});
