import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ImageView, PodView } from '#stage0';
import { appStatusText } from './app-status.ts';
import { fullTime } from './full-time.ts';
import { goJson } from './go-json.ts';
import { goDuration, humanSize, humanTime } from './human.ts';
import { type ImageListOptions, imageListText } from './image-list.ts';
import { podListText } from './pod-list.ts';
import { podStatusText } from './pod-status.ts';
import { alignTabs } from './table.ts';
import { RKT_VERSION } from './version.ts';

process.env['TZ'] = 'UTC';

const uuid = '6f4f2914-c740-4285-b9d2-7d2920c83493';
const imageId = 'sha512-12f7bf979a5fb59f94a238331eddfa60185736b2772d30ca783e8158fd3b4dc1';
const createdAt = 1_795_388_568_632_557_458n;
const startedAt = 1_795_388_568_833_223_747n;
const app = { name: 'busybox', imageId, imageName: 'example.com/busybox:1.35.0' } as const;

const prepared: PodView = { uuid, state: 'prepared', apps: [{ ...app, state: 'unknown' }], networks: [], createdAt };
const exited: PodView = {
  ...prepared,
  state: 'exited',
  apps: [{ ...app, state: 'exited', createdAt, startedAt }],
  startedAt,
  pid: 79,
};
const network = { netName: 'default', netConf: 'net/99-default.conf', pluginPath: 'ptp', ifName: 'eth0', ip: '172.16.28.2', args: '', mask: '255.255.255.0' };

const table = { format: '', full: false, legend: true, now: startedAt } as const;

describe('appStatusText', () => {
  const mounts = [{ name: 'data', containerPath: '/data', hostPath: '/srv', readOnly: true }, { name: 'tmp', containerPath: '/tmp', hostPath: '', readOnly: false }];
  const full = { ...app, state: 'exited', createdAt, startedAt: 1_795_388_569_000_000_000n, finishedAt: 1_795_388_570_120_000_000n, exitCode: 3, mounts, userAnnotations: { b: '2', a: '1' }, userLabels: { tier: 'web' } } as const;
  test('everything there is, is the lines of rkt', () => {
    assert.equal(appStatusText(full, ''), [
      'name=busybox',
      'state=exited',
      `image_id=${imageId}`,
      'created_at=2026-11-22 23:02:48.632557458 +0000 UTC',
      'started_at=2026-11-22 23:02:49 +0000 UTC',
      'finished_at=2026-11-22 23:02:50.12 +0000 UTC',
      'exit_code=3',
      'mounts=/srv:/data:(read_only:true),:/tmp:(read_only:false)',
      'user_annotations=a:1,b:2',
      'user_labels=tier:web',
      '',
    ].join('\n'));
  });
  test('an app that was added only, has no more than that', () => {
    assert.equal(appStatusText({ ...app, state: 'created', createdAt }, ''), `name=busybox\nstate=created\nimage_id=${imageId}\ncreated_at=2026-11-22 23:02:48.632557458 +0000 UTC\n`);
  });
  test('json, is as in the list of pods', () => {
    assert.equal(appStatusText({ ...app, state: 'created', createdAt }, 'json'), `{"name":"busybox","state":"created","created_at":${createdAt},"image_id":"${imageId}"}\n`);
  });
});

describe('podListText', () => {
  test("a prepared pod, is rkt's table", () => {
    assert.equal(podListText([prepared], table), [
      'UUID\t\tAPP\tIMAGE NAME\t\t\tSTATE\t\tCREATED\tSTARTED\tNETWORKS',
      '6f4f2914\tbusybox\texample.com/busybox:1.35.0\tprepared\tnow\t\t',
      '',
    ].join('\n'));
  });
  test("a prepared pod in full, is rkt's table", () => {
    assert.equal(podListText([prepared], { ...table, full: true }), [
      'UUID\t\t\t\t\tAPP\tIMAGE NAME\t\t\tIMAGE ID\t\tSTATE\t\tCREATED\t\t\t\t\tSTARTED\tNETWORKS',
      `${uuid}\tbusybox\texample.com/busybox:1.35.0\tsha512-12f7bf979a5f\tprepared\t2026-11-22 23:02:48.632 +0000 UTC\t\t`,
      '',
    ].join('\n'));
  });
  test("an exited pod in full, is rkt's table", () => {
    assert.equal(podListText([exited], { ...table, full: true }), [
      'UUID\t\t\t\t\tAPP\tIMAGE NAME\t\t\tIMAGE ID\t\tSTATE\tCREATED\t\t\t\t\tSTARTED\t\t\t\t\tNETWORKS',
      `${uuid}\tbusybox\texample.com/busybox:1.35.0\tsha512-12f7bf979a5f\texited\t2026-11-22 23:02:48.632 +0000 UTC\t2026-11-22 23:02:48.833 +0000 UTC\t`,
      '',
    ].join('\n'));
  });
  test('a pod with a name, has it in full only, in a column that is there for its sake', () => {
    const pods: PodView[] = [{ ...exited, name: 'web' }, { ...prepared, networks: [network] }];
    const [legend = '', named = '', other = ''] = podListText(pods, { ...table, full: true }).split('\n');
    assert.match(legend, /NETWORKS\t+POD NAME$/);
    assert.match(named, /\texited\t.*\tweb$/);
    assert.match(other, /\tdefault:ip4=172\.16\.28\.2\t-$/);
    assert.deepEqual(podListText(pods, table), podListText([exited, pods[1]!], table));
    assert.match(podStatusText(pods[0]!, ''), /^name=web$/m);
    assert.match(podStatusText(pods[0]!, 'json'), /^\{"name":"6f4f2914-[^}]*"pod_name":"web"/);
  });
  test('apps that are probed, have their health in full only, in a column that is there for their sake', () => {
    const health = { state: 'unhealthy', failures: 3, output: 'why' } as const;
    const probed: PodView = { ...exited, state: 'running', apps: [{ ...exited.apps[0]!, state: 'running', health }, { ...exited.apps[0]!, name: 'other' }] };
    const [legend = '', ...rows] = podListText([probed], { ...table, full: true }).trim().split('\n');
    assert.match(legend, /NETWORKS\t+HEALTH$/);
    assert.deepEqual(rows.map((row) => row.split('\t').at(-1)), ['unhealthy', '-']);
    assert.doesNotMatch(podListText([probed], table), /HEALTH|unhealthy/);
    assert.match(podStatusText(probed, ''), /^health-busybox=unhealthy$/m);
    assert.match(podStatusText(probed, 'json'), /"health":\{"status":"unhealthy","failing_streak":3,"output":"why"\}/);
  });
  test('apps that were started again, have a count in status', () => {
    const restarts = { count: 2, lastExitCode: 137, waiting: true };
    const pod: PodView = { ...exited, state: 'running', apps: [{ ...exited.apps[0]!, state: 'running', restarts }] };
    assert.match(podStatusText(pod, ''), /^restarts-busybox=2$/m);
    assert.match(podStatusText(pod, 'json'), /"restarts":2,"restarting":true,"last_exit_code":137/);
  });
  test('no legend, is the rows alone', () => {
    const text = podListText([exited], { ...table, legend: false });
    assert.equal(text, '6f4f2914\tbusybox\texample.com/busybox:1.35.0\texited\tnow\tnow\t\n');
  });
  test('two apps, tell of the pod once', () => {
    const pod: PodView = { ...exited, apps: [{ ...app, state: 'exited' }, { name: 'b', state: 'exited', imageId, imageName: undefined }], networks: [network] };
    const cells = podListText([pod], { ...table, legend: false }).split('\n').map((line) => line.split(/\t+/));
    assert.deepEqual(cells, [
      ['6f4f2914', 'busybox', 'example.com/busybox:1.35.0', 'exited', 'now', 'now', 'default:ip4=172.16.28.2'],
      ['', 'b', '--', ''],
      [''],
    ]);
  });
  test('a pod without a manifest, has dashes', () => {
    const [line = ''] = podListText([{ ...prepared, state: 'embryo', apps: [] }], { ...table, legend: false }).split('\n');
    assert.deepEqual(line.split(/\t+/).slice(0, 4), ['6f4f2914', '-', '-', 'embryo']);
  });
  test('json, is as rkt prints it', () => {
    const expected = `{"name":"${uuid}","state":"exited","app_names":["busybox"],"apps":[{"name":"busybox","state":"exited","created_at":1795388568632557458,"started_at":1795388568833223747,"image_id":"${imageId}"}],"created_at":1795388568,"started_at":1795388568}`;
    assert.equal(podListText([exited], { ...table, format: 'json' }), `[${expected}]\n`);
    assert.equal(podStatusText(exited, 'json'), `${expected}\n`);
    assert.match(podListText([exited], { ...table, format: 'json-pretty' }), /^\[\n\t\{\n\t\t"name": "6f4f2914/);
  });
  test('no pods, are null as JSON and one line feed without legend', () => {
    assert.equal(podListText([], { ...table, format: 'json' }), 'null\n');
    assert.equal(podListText([], { ...table, format: 'json-pretty' }), 'null\n');
    assert.equal(podListText([], { ...table, legend: false }), '\n');
  });
});

describe('podStatusText', () => {
  test('prepared, tells its state and when it was made', () => {
    assert.equal(podStatusText(prepared, ''), 'state=prepared\ncreated=2026-11-22 23:02:48.632 +0000 UTC\n');
  });
  test('exited, tells how its apps have ended', () => {
    const pod: PodView = { ...exited, apps: [{ ...app, state: 'exited', exitCode: 5 }], networks: [network] };
    assert.equal(podStatusText(pod, ''), `state=exited
created=2026-11-22 23:02:48.632 +0000 UTC
started=2026-11-22 23:02:48.833 +0000 UTC
networks=default:ip4=172.16.28.2
pid=79
exited=true
app-busybox=5
`);
  });
  test('running, tells no exit codes', () => {
    const text = podStatusText({ ...exited, state: 'running', apps: [{ ...app, state: 'exited', exitCode: 5 }] }, '');
    assert.match(text, /networks=\npid=79\nexited=false\n$/);
  });
  test('json, a network, has the names of net-info.json', () => {
    const [shown] = JSON.parse(podStatusText({ ...exited, networks: [network] }, 'json')).networks;
    assert.deepEqual(shown, network);
  });
});

describe('imageListText', () => {
  const signature = {
    kind: 'cosign', fingerprint: 'ab'.repeat(32), signer: 'ECDSA P-256', name: 'coreos.com/rkt/stage1-fly', over: 'sha256:00', time: '2026-11-23T00:00:00.000Z',
  } as const;
  const images: readonly ImageView[] = [
    { id: imageId, name: 'example.com/busybox:1.35.0', importTime: 1_795_388_568_601_652_842n, lastUsed: 1_795_388_568_601_652_979n, size: 1_996_800, signatures: [] },
    { id: 'sha512-4a6a8996972028b8ed7097361dc03e355d3703318af828a2e0279a927f683317', name: 'coreos.com/rkt/stage1-fly:1.30.0', importTime: 1_795_388_568_279_572_673n, lastUsed: 1_795_388_568_383_630_978n, size: 34_700_102, signatures: [signature] },
  ];
  const options: ImageListOptions = {
    format: '', full: false, legend: true, fields: ['id', 'name', 'size', 'importtime', 'lastused'], sort: ['importtime'], order: 'asc',
    now: 1_795_388_569_900_000_000n,
  };
  test("the default, is rkt's table", () => {
    assert.equal(imageListText(images, options), [
      'ID\t\t\tNAME\t\t\t\t\tSIZE\tIMPORT TIME\tLAST USED',
      'sha512-4a6a89969720\tcoreos.com/rkt/stage1-fly:1.30.0\t33MiB\t1 second ago\t1 second ago',
      'sha512-12f7bf979a5f\texample.com/busybox:1.35.0\t\t1.9MiB\t1 second ago\t1 second ago',
      '',
    ].join('\n'));
  });
  test("full, is rkt's table", () => {
    assert.equal(imageListText(images, { ...options, full: true }), [
      'ID\t\t\t\t\t\t\t\t\tNAME\t\t\t\t\tSIZE\t\tIMPORT TIME\t\t\t\tLAST USED',
      'sha512-4a6a8996972028b8ed7097361dc03e355d3703318af828a2e0279a927f683317\tcoreos.com/rkt/stage1-fly:1.30.0\t34700102\t2026-11-22 23:02:48.279 +0000 UTC\t2026-11-22 23:02:48.383 +0000 UTC',
      `${imageId}\texample.com/busybox:1.35.0\t\t1996800\t\t2026-11-22 23:02:48.601 +0000 UTC\t2026-11-22 23:02:48.601 +0000 UTC`,
      '',
    ].join('\n'));
  });
  test('signed by, kind and fingerprint, where it is asked for', () => {
    const text = imageListText(images, { ...options, fields: ['name', 'signedby'] });
    assert.match(text, /SIGNED BY\n.*stage1-fly:1\.30\.0\t+cosign:abababababab\n.*busybox:1\.35\.0\t+nobody\n$/);
    const full = imageListText(images, { ...options, full: true, fields: ['name', 'signedby'] });
    assert.match(full, new RegExp(`\t+cosign:${'ab'.repeat(32)} ECDSA P-256 at 2026-11-23T00:00:00\\.000Z over sha256:00\n.*\t+nobody\n$`));
  });
  test('json, has whole IDs and exact times', () => {
    const text = imageListText(images.slice(0, 1), { ...options, format: 'json-pretty' });
    assert.equal(text, `[
	{
		"id": "${imageId}",
		"name": "example.com/busybox:1.35.0",
		"import_time": 1795388568601652842,
		"last_used_time": 1795388568601652979,
		"size": 1996800,
		"verified": false
	}
]
`);
    const [last] = JSON.parse(imageListText(images.slice(1), { ...options, format: 'json' }));
    assert.deepEqual([last.verified, last.signatures], [true, [signature]]);
    assert.equal(imageListText([], { ...options, format: 'json' }), 'null\n');
  });
  test('fields and order, are as asked for', () => {
    const names = { ...options, fields: ['name'], legend: false };
    assert.match(imageListText(images, names), /^coreos.*\nexample.*\n$/);
    assert.match(imageListText(images, { ...names, order: 'desc' }), /^example.*\ncoreos.*\n$/);
    assert.match(imageListText(images, { ...names, sort: ['size'] }), /^example.*\ncoreos.*\n$/);
  });
});

test('alignTabs, columns of runs of lines, are aligned each run for itself', () => {
  assert.equal(alignTabs('a\tb\nlong enough\tc\n\nx\ty\n'), 'a\t\tb\nlong enough\tc\n\nx\ty\n');
  assert.equal(alignTabs('\tname - text\n'), '\tname - text\n');
  assert.equal(alignTabs('1234567\tx\n12345678\ty'), '1234567\t\tx\n12345678\ty');
});

test('humanTime, distances, are rounded down', () => {
  const now = 10n ** 18n;
  const ago = (seconds: number): string => humanTime(now - BigInt(seconds) * 10n ** 9n, now);
  assert.deepEqual([0, 1, 59, 60, 119, 120, 3599, 3600, 7200, 86_400, 172_800].map(ago), [
    'now', '1 second ago', '59 seconds ago', '1 minute ago', '1 minute ago', '2 minutes ago', '59 minutes ago', '1 hour ago',
    '2 hours ago', '1 day ago', '2 days ago',
  ]);
  assert.equal(ago(-90), '1 minute from now');
  assert.equal(ago(40 * 360 * 86_400), 'a long while ago');
});

test('humanSize, bytes, are as go-humanize writes them', () => {
  assert.deepEqual([0, 9, 10, 1023, 1024, 1536, 10_240, 1_996_800, 34_700_102].map(humanSize), [
    '0B', '9B', '10B', '1023B', '1.0KiB', '1.5KiB', '10KiB', '1.9MiB', '33MiB',
  ]);
});

test('goDuration, milliseconds, are as Go writes them', () => {
  assert.deepEqual([0, 500, 1000, 90_000, 1_800_000, 5_400_500].map(goDuration), ['0s', '500ms', '1s', '1m30s', '30m0s', '1h30m0.5s']);
});

test('fullTime, trailing zeros of the milliseconds, are dropped', () => {
  assert.equal(fullTime(1_795_388_568_600_000_000n), '2026-11-22 23:02:48.6 +0000 UTC');
  assert.equal(fullTime(1_795_388_568_000_999_999n), '2026-11-22 23:02:48 +0000 UTC');
});

test('goJson, what Go escapes, is escaped', () => {
  assert.equal(goJson({ a: '<&>', b: 2n ** 63n }, { pretty: false }), '{"a":"\\u003c\\u0026\\u003e","b":9223372036854775808}');
});

test('RKT_VERSION, the package, has the same', () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'));
  assert.equal(version, RKT_VERSION);
});
