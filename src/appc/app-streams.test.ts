import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { appStreamsOf, isAttachable, logFiles, logSize } from './app-streams.ts';
import type { AcIdentifier, AcName, ImageId, RuntimeApp } from './types.ts';

const annotations = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name: name as AcIdentifier, value }));

function app(values: Record<string, string>): RuntimeApp {
  const stage2 = Object.fromEntries(Object.entries(values).map(([name, value]) => [name.includes('/') ? name : `coreos.com/rkt/stage2/${name}`, value]));
  return { name: 'one' as AcName, image: { id: 'sha512-00' as ImageId }, annotations: annotations(stage2) };
}

const pod = { annotations: null };
const kubernetes = { annotations: annotations({ 'coreos.com/rkt/experiment/logmode': 'k8s-plain', 'coreos.com/rkt/experiment/kubernetes-log-dir': '/var/log/pods/x/' }) };
const path = (text: string) => ({ 'coreos.com/rkt/experiment/kubernetes-log-path': text });

describe('appStreamsOf', () => {
  test('nothing said, has no input and the outputs of the caller', () => {
    assert.deepEqual(appStreamsOf(pod, app({})), { stdin: 'null', stdout: 'inherit', stderr: 'inherit' });
  });

  test('a log, has a size and a number of files', () => {
    assert.deepEqual(appStreamsOf(pod, app({ stdout: 'log' })).log, { size: 10 << 20, files: 5 });
    assert.deepEqual(appStreamsOf(pod, app({ stderr: 'log', 'log-size': '65536', 'log-files': '1' })).log, { size: 65_536, files: 1 });
  });

  test('a terminal, is for the streams that nothing was said of', () => {
    assert.deepEqual(appStreamsOf(pod, app({ stdin: 'tty' })), { stdin: 'tty', stdout: 'tty', stderr: 'tty' });
    assert.deepEqual(appStreamsOf(pod, app({ stdin: 'null', stdout: 'tty' })), { stdin: 'null', stdout: 'tty', stderr: 'tty' });
  });

  for (const mixed of [{ stdin: 'tty', stdout: 'log' }, { stdin: 'stream', stdout: 'tty' }, { stdout: 'tty', stderr: 'null' }])
    test(`a terminal and ${JSON.stringify(mixed)}, throws`, () => {
      assert.throws(() => appStreamsOf(pod, app(mixed)), /the others cannot be something else/);
    });

  for (const [stream, mode] of [['stdin', 'log'], ['stdout', 'file'], ['stderr', '']] as const)
    test(`${stream} mode ${mode}, throws`, () => {
      assert.throws(() => appStreamsOf(pod, app({ [stream]: mode })), new RegExp(`app "one": invalid ${stream} mode "${mode}"`));
    });

  test('a log of Kubernetes, is in its directory and rotated by others', () => {
    const { log, stdout } = appStreamsOf(kubernetes, app({ stdout: 'stream', ...path('app/0.log') }));
    assert.deepEqual([stdout, log], ['stream', { path: '/var/log/pods/x/app/0.log', size: 0, files: 1 }]);
    assert.equal(appStreamsOf(kubernetes, app(path('app.log'))).stdout, 'log');
  });

  test('a log of Kubernetes without a place, throws where there is something to log', () => {
    assert.throws(() => appStreamsOf(kubernetes, app({ stdout: 'stream' })), /kubernetes-log-path annotation needs to be specified/);
    assert.deepEqual(appStreamsOf(kubernetes, app({})), { stdin: 'null', stdout: 'inherit', stderr: 'inherit' });
  });

  for (const outside of ['../x', '/etc/x', 'a/../../x', '.', '', 'a//b', 'a/'])
    test(`a log path ${JSON.stringify(outside)}, throws`, () => {
      assert.throws(() => appStreamsOf(kubernetes, app({ stdout: 'log', ...path(outside) })), /is not inside/);
    });
});

test('isAttachable, streams and terminals, are', () => {
  assert.ok(isAttachable({ stdin: 'null', stdout: 'inherit', stderr: 'stream' }));
  assert.ok(!isAttachable({ stdin: 'null', stdout: 'log', stderr: 'journal' }));
});

test('logSize and logFiles, what is too little or none, throws', () => {
  assert.equal(logSize('1Mi'), 1 << 20);
  assert.equal(logFiles('12'), 12);
  assert.throws(() => logSize('100'), /too small/);
  assert.throws(() => logSize('-1'), /too small/);
  for (const text of ['0', '-1', '1001', 'x', '']) assert.throws(() => logFiles(text), /is no number of log files/);
});
