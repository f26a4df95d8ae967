import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { skip, supervisorPath } from './supervised-pod.ts';

const complete = [
  '--uuid=u', '--lock-fd=9', '--runtime=/bin/true', '--status-dir=.', '--ready-link=r', '--pid-file=p',
  '--unshare=pid,ipc,uts', '--hostname=h', '--init-root=.', '--app=a', '--bundle=.',
];
const without = (prefix: string): string[] => complete.filter((argument) => !argument.startsWith(prefix));

const outputs = 'must be inherit, null, lines or copy, or of log, journal and stream one or several';

const refused: [string, string[], string][] = [
  ['nothing at all', [], '--uuid: is missing'],
  ['no status directory', without('--status-dir'), '--status-dir: is missing'],
  ['no runtime', without('--runtime'), '--runtime: is missing'],
  ['a relative runtime', [...without('--runtime'), '--runtime=crun'], '--runtime: must be an absolute path'],
  ['a variable with a value', [...complete, '--sealed-runtime=A=1'], '--sealed-runtime: must be the name of a variable'],
  ['no lock', without('--lock-fd'), '--lock-fd: is missing'],
  ['a lock that is standard output', [...complete, '--lock-fd=1'], '--lock-fd: not a number that can be used here'],
  ['a lock that is no number', [...complete, '--lock-fd=9x'], '--lock-fd: not a number that can be used here'],
  ['an enormous grace', [...complete, '--grace-ms=99999999999'], '--grace-ms: not a number that can be used here'],
  ['a negative grace', [...complete, '--grace-ms=-1'], '--grace-ms: not a number that can be used here'],
  ['an unknown namespace', [...complete, '--unshare=pid,time'], '--unshare: no such namespace, known are pid, ipc, uts, net, user'],
  ['a user namespace to make', [...complete, '--unshare=pid,user'], '--unshare: cannot have user: it is made by the caller, see --userns-fd'],
  ['a user namespace that is the lock', [...complete, '--userns-fd=9'], '--userns-fd: is the number of --lock-fd'],
  ['a user namespace to be kept at its own number', [...complete, '--userns-fd=104', '--ns-fd=user:104'], '--ns-fd: is the number of --userns-fd'],
  ['no pid namespace', [...without('--unshare'), '--unshare=uts'], '--unshare: must have pid: its end is what ends the pod'],
  ['no uts namespace', [...without('--unshare'), '--unshare=pid'], '--unshare: must have uts, for the hostname'],
  ['a namespace without a number', [...complete, '--ns-fd=pid'], '--ns-fd: has no descriptor, expected KIND:NUMBER'],
  ['a low number for a namespace', [...complete, '--ns-fd=pid:5'], '--ns-fd: not a number that can be used here'],
  ['one number for two', [...complete, '--ns-fd=pid:100', '--ns-fd=ipc:100'], '--ns-fd: has the same number twice'],
  ['the number of the lock', [...complete, '--lock-fd=100', '--ns-fd=pid:100'], '--ns-fd: is the number of --lock-fd'],
  ['no app', without('--app').filter((argument) => !argument.startsWith('--bundle')), '--app: is missing'],
  ['a bundle before any app', ['--bundle=x'], '--bundle: must come after an --app'],
  ['a handler before any app', ['--pre-start=x'], '--pre-start: must come after an --app'],
  ['memory events before any app', ['--memory-events=x'], '--memory-events: must come after an --app'],
  ['--tty before any app', ['--tty'], '--tty: must come after an --app'],
  ['an app without a bundle', [...complete, '--app=b'], 'b: has no --bundle'],
  ['an app with a path for a name', [...complete, '--app=../b'], '--app: not a name for an app'],
  ['an app with an empty name', [...complete, '--app='], '--app: not a name for an app'],
  ['two apps with the terminal', [...complete, '--tty', '--app=b', '--bundle=.', '--tty'], '--tty: only one app can have it'],
  ['another stdin', [...complete, '--stdin=tty'], '--stdin: must be null, inherit or stream'],
  ['a context of processes alone', [...complete, '--selinux-process=u:r:t'], '--selinux-process: comes with --selinux-file'],
  ['another stdout', [...complete, '--stdout=file'], `--stdout: ${outputs}`],
  ['an stdout that is nothing', [...complete, '--stdout='], `--stdout: ${outputs}`],
  ['lines and a log at once', [...complete, '--stderr=log,lines'], `--stderr: ${outputs}`],
  ['a log without a file', [...complete, '--stdout=log', '--log-files=3'], 'a: has no --log or no --log-files'],
  ['a log of no files', [...complete, '--stdout=log', '--log=x', '--log-files=0'], 'a: has no --log or no --log-files'],
  ['a size that is no number', [...complete, '--log-size=1k'], '--log-size: must be a number'],
  ['a journal without a socket', [...complete, '--stderr=journal'], 'a: has no --journal'],
  ['clients without a place', [...complete, '--stdin=stream'], 'a: has no --attach'],
  ['a terminal that leads to two places', [...complete, '--tty', '--attach=.', '--stdout=stream'], 'a: has a terminal, which leads to one place'],
  ['another restart policy', [...complete, '--restart=sometimes'], '--restart: must be no, on-failure, on-failure:N or always'],
  ['a limit of nothing', [...complete, '--restart=on-failure:0'], '--restart: must be no, on-failure, on-failure:N or always'],
  ['a limit for always', [...complete, '--restart=always:3'], '--restart: must be no, on-failure, on-failure:N or always'],
  ['a terminal and restarts', [...complete, '--tty', '--restart=always'], '--tty: an app that has it is not started again'],
  ['a probe of no port', [...complete, '--health-tcp=65536'], '--health-tcp: not a number that can be used here'],
  ['a probe without a path', [...complete, '--health-http=80'], '--health-http: must be PORT/PATH'],
  ['a probe of a long port', [...complete, '--health-http=000000000080/'], '--health-http: not a number that can be used here'],
  ['no time between probes', [...complete, '--health-tcp=80', '--health-interval-ms=0'], '--health-interval-ms: not a number that can be used here'],
  ['no probe at all', [...complete, '--health-retries=2'], 'a: has nothing to probe'],
  ['another answer to ill health', [...complete, '--health-on-failure=reboot'], '--health-on-failure: must be none, kill, restart or stop'],
  ['a service manager by a relative path', [...complete, '--notify-socket=x'], '--notify-socket: must be an absolute path or an abstract name'],
  ['no time to watch', [...complete, '--watchdog-ms=1'], '--watchdog-ms: not a number that can be used here'],
  ['a socket that is standard output', [...complete, '--listen-fd=1'], '--listen-fd: not a number that can be used here'],
  ['too many sockets', [...complete, ...Array(33).fill('--listen-fd=3')], '--listen-fd: too many'],
  ['an unknown option', [...complete, '--verbose=1'], '--verbose=1: unknown argument'],
  ['an option without a value', [...complete, '--hostname'], '--hostname: unknown argument, or one without its =VALUE'],
];

describe('supervisor, arguments', { skip }, () => {
  for (const [what, argv, message] of refused)
    test(`${what}, is refused with 254`, () => {
      const result = spawnSync(supervisorPath, argv, { encoding: 'utf8' });
      assert.deepEqual([result.stderr, result.status], [`rkt: supervisor: ${message}\n`, 254]);
    });

  test('a lock descriptor that is not open, is refused with 254', () => {
    const result = spawnSync(supervisorPath, complete, { encoding: 'utf8' });
    assert.equal(result.stderr, 'rkt: supervisor: cannot use the descriptor of --lock-fd: Bad file descriptor\n');
    assert.equal(result.status, 254);
  });
});
