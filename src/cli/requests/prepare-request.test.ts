import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { PrepareRequest } from '#stage0';
import { parseCommandLine } from '../parse/command-line.ts';
import { prepareRequest } from './prepare-request.ts';

function request(line: string, environment: Record<string, string> = {}): PrepareRequest {
  return prepareRequest(parseCommandLine(line.split(' ')), environment);
}

function fails(line: string, message: string | RegExp): void {
  assert.throws(() => request(line), { name: 'CliError', message });
}

test('prepareRequest, an image alone, changes nothing of its app', () => {
  assert.deepEqual(request('run example.com/a'), {
    apps: [
      { image: 'example.com/a', args: [], environment: [], annotations: [], userAnnotations: {}, userLabels: {}, mounts: [], isolators: [] },
    ],
    volumes: [],
    mounts: [],
    ports: [],
    environment: { inherited: [], fromFiles: [], explicit: [] },
    pullPolicy: 'new',
    privateUsers: false,
    noOverlay: false,
    verifyContent: false,
  });
});

test('prepareRequest, all flags of an app, are in its argument', () => {
  const line = `run a --name=web --exec=/bin/sh --working-dir=/w --readonly-rootfs=true --user=5 --group=6
    --supplementary-gids=1,2 --supplementary-gids=3 --environment=A=1 --environment=A=2=3 --annotation=n=v
    --user-annotation=un=v --user-label=ul=v --signature=a.asc -- -c exit`.replaceAll(/\s+/g, ' ');
  const [app] = request(line).apps;
  assert.deepEqual(app, {
    image: 'a',
    signature: 'a.asc',
    name: 'web',
    exec: '/bin/sh',
    workingDir: '/w',
    readonlyRootfs: true,
    user: '5',
    group: '6',
    supplementaryGids: [1, 2, 3],
    args: ['-c', 'exit'],
    environment: [{ name: 'A', value: '2=3' }],
    annotations: [{ name: 'n', value: 'v' }],
    userAnnotations: { un: 'v' },
    userLabels: { ul: 'v' },
    mounts: [],
    isolators: [],
  });
});

test('prepareRequest, flags of isolators, are isolators', () => {
  const line = 'run a --memory=42Mi --cpu=900m --cpu-shares=12345 --oom-score-adj=-5 --cap-retain=CAP_KILL,CAP_CHOWN --seccomp=mode=remove,errno=EPERM,chmod';
  assert.deepEqual(request(line).apps[0]?.isolators, [
    { name: 'resource/memory', value: { default: false, request: '42Mi', limit: '42Mi' } },
    { name: 'resource/cpu', value: { default: false, request: '900m', limit: '900m' } },
    { name: 'os/linux/cpu-shares', value: 12_345 },
    { name: 'os/linux/oom-score-adj', value: -5 },
    { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_KILL', 'CAP_CHOWN'] } },
    { name: 'os/linux/seccomp-remove-set', value: { set: ['chmod'], errno: 'EPERM' } },
  ]);
});

test('prepareRequest, flags about restarts and probes, are annotations', () => {
  const line = 'run a --restart=on-failure:3 --health-http=80/ok --health-interval=5s --annotation=coreos.com/rkt/restart=no --- b --no-healthcheck';
  const [a, b] = request(line).apps;
  assert.deepEqual(a?.annotations, [
    { name: 'coreos.com/rkt/restart', value: 'on-failure:3' },
    { name: 'coreos.com/rkt/health-http', value: '80/ok' },
    { name: 'coreos.com/rkt/health-interval', value: '5s' },
  ]);
  assert.deepEqual(b?.annotations, [{ name: 'coreos.com/rkt/health-cmd', value: 'none' }]);
});

test('prepareRequest, flags about restarts and probes that cannot be, are refused', () => {
  fails('run a --restart=often', /invalid argument "often" for --restart=often: restart policy "often" is none of/);
  fails('run a --health-tcp=http', /"http" is not a port/);
  fails('run a --health-interval=5', /"5" is no time for a health interval/);
  fails('run a --health-on-failure=reboot', /must be one of "none", "kill", "restart", "stop"/);
  fails('run a --no-healthcheck --health-tcp=80', '--no-healthcheck does not go with other flags about health');
});

test("prepareRequest, Nomad's command line, is understood", () => {
  const nomad = `--insecure-options=image --debug=false prepare --volume=n,kind=host,source=/alloc,readOnly=false
    --mount=volume=n,target=/alloc --set-env=A=b=c example.com/a --exec=/bin/x --memory=268435456 --cpu=100
    --port=http:8080 --user=nobody --group=nogroup -- -v`.replaceAll(/\s+/g, ' ');
  const { apps, environment, mounts, ports, volumes } = request(nomad);
  assert.equal(apps[0]?.user, 'nobody');
  assert.deepEqual(apps[0]?.args, ['-v']);
  assert.deepEqual(mounts, [{ volume: 'n', path: '/alloc' }]);
  assert.equal(volumes[0]?.source, '/alloc');
  assert.equal(ports[0]?.hostPort, 8080);
  assert.deepEqual(environment.explicit, [{ name: 'A', value: 'b=c' }]);
});

test('prepareRequest, values that cannot be, are refused with the name of the flag', () => {
  fails('run --volume=x,kind=what a', /^invalid argument "x,kind=what" for --volume=/);
  fails('run --port=http a', /^invalid argument "http" for --port=http: /);
  fails('run a --memory=16m', /memory limit of .* bytes too low. Try a reasonable value, such as --memory=16M/);
  fails('run a --cpu-shares=x', /invalid argument "x" for --cpu-shares=x/);
  fails('run a --supplementary-gids=x:1', /--supplementary-gids must be integers/);
  fails('run a --annotation=x', /invalid format of --annotation flag "x"/);
  fails('run a --name=UPPER', /invalid argument "UPPER" for --name=UPPER/);
  fails('run --set-env=x a', /must be specified as key=value/);
  fails('run --set-env=x=1 --set-env=x=2 a', 'key "x" already set');
});

test('prepareRequest, flags that contradict each other, are refused', () => {
  fails('run', 'must provide at least one image or specify the pod manifest');
  fails('run --store-only --no-store a', 'both --store-only and --no-store specified');
  fails('run a --caps-retain=CAP_KILL --caps-remove=CAP_KILL', /cannot use both --caps-retain and --caps-remove on the same image/);
  fails('run a --mount=volume=x,target=/x', 'error parsing app image arguments: dangling mount point "/x": volume "x" not found');
});

test('prepareRequest, --pod-manifest, goes with nothing about images', () => {
  assert.equal(request('run --pod-manifest=/p').podManifestPath, '/p');
  const others = ['--inherit-env', '--no-store', '--store-only', '--port=a:80', '--set-env=a=b', '--volume=a,kind=empty', '--mount=volume=a,target=/x', 'img'];
  for (const other of others) {
    fails(`run --pod-manifest=/p ${other}`, 'conflicting flags set with --pod-manifest (see --help)');
  }
});

test('prepareRequest, the old pull flags, are policies', () => {
  assert.equal(request('run --store-only a').pullPolicy, 'never');
  assert.equal(request('run --no-store a').pullPolicy, 'update');
  assert.equal(request('run --pull-policy=never a').pullPolicy, 'never');
});

describe('prepareRequest, the environment', () => {
  test("--inherit-env takes the caller's", () => {
    assert.deepEqual(request('run --inherit-env a', { HOME: '/root' }).environment.inherited, [{ name: 'HOME', value: '/root' }]);
    assert.deepEqual(request('run a', { HOME: '/root' }).environment.inherited, []);
    assert.deepEqual(request('run --inherit-env a', { NOTIFY_SOCKET: '/n', LISTEN_FDS: '1', WATCHDOG_USEC: '1' }).environment.inherited, []);
  });
  test('--set-env-file is read without comments, and twice the same name is refused', (context) => {
    const dir = mkdtempSync(join(tmpdir(), 'rkt-cli-'));
    context.after(() => rmSync(dir, { recursive: true }));
    const file = (content: string): string => {
      writeFileSync(join(dir, 'env'), content);
      return join(dir, 'env');
    };
    const ok = file('# no\n; no\n\nA=1\nB=x=y\n');
    assert.deepEqual(request(`run --set-env-file=${ok} a`).environment.fromFiles, [{ name: 'A', value: '1' }, { name: 'B', value: 'x=y' }]);
    fails(`run --set-env-file=${file('A=1\nA=2\n')} a`, /environment variable "A" already set \(file /);
    fails(`run --set-env-file=${file('A\n')} a`, /must be specified as name=value \(file /);
    fails(`run --set-env-file=${dir}/none a`, /open .*none: no such file or directory/);
  });
});
