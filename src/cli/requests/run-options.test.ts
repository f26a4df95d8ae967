import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunOptions } from '#stage0';
import { parseCommandLine } from '../parse/command-line.ts';
import { checkPortsWithNet } from './net-option.ts';
import { runOptions } from './run-options.ts';
import { parseWaiting } from './waiting.ts';

function options(line: string): RunOptions {
  return runOptions(parseCommandLine(`run-prepared ${line}`.trim().split(' ')).flags);
}

function fails(line: string, message: string | RegExp): void {
  assert.throws(() => options(line), { message });
}

test('runOptions, nothing given, leaves all to the defaults', () => {
  assert.deepEqual(options(''), {
    net: 'default',
    interactive: false,
    dns: { mode: 'default', nameservers: [], search: [], options: [], domain: undefined },
    hosts: { mode: 'default', entries: [] },
    hostname: undefined,
    mdsRegister: false,
    ipc: 'auto',
  });
});

test('runOptions, --net in its forms, is one list', () => {
  assert.equal(options('--net').net, 'default');
  assert.equal(options('--net=host').net, 'host');
  assert.equal(options('--net=a:IP=1.2.3.4;X=y,b --net=c').net, 'a:IP=1.2.3.4;X=y,b,c');
  fails('--net=a,a', 'invalid argument "a,a" for --net=a,a: found duplicate netname "a"');
  fails('--net=a --net=b,a', 'invalid argument "b,a" for --net=b,a: found duplicate netname "a"');
  fails('--net=a,', /netname must not be empty/);
  fails('--net=host:x', /arguments are not supported by special netname "host"/);
});

test('checkPortsWithNet, ports without a network to forward from, throws', () => {
  checkPortsWithNet('default', [1]);
  checkPortsWithNet('host', []);
  assert.throws(() => checkPortsWithNet('host', [1]), { message: "--port flag does not work with 'host' networking" });
  assert.throws(() => checkPortsWithNet('none', [1]), { message: "--port flag does not work with 'none' networking" });
});

test('runOptions, DNS values, make a file of their own', () => {
  const { dns } = options('--dns=8.8.8.8,8.8.4.4 --dns=::1 --dns-search=foo.com --dns-search=bar.com --dns-opt=debug --dns-domain=x.net');
  assert.deepEqual(dns, {
    mode: 'stage0',
    nameservers: ['8.8.8.8', '8.8.4.4', '::1'],
    search: ['foo.com', 'bar.com'],
    options: ['debug'],
    domain: 'x.net',
  });
  assert.equal(options('--dns=host').dns.mode, 'host');
  assert.equal(options('--dns=none').dns.mode, 'none');
  fails('--dns=host --dns=8.8.8.8', 'error with dns flags: no other --dns options allowed when --dns=host is passed');
  fails('--dns=none --dns-opt=x', /Cannot call --dns-opt, --dns-search, or --dns-domain with --dns=none/);
  fails('--dns=nowhere', /Invalid IP passed to --dns: nowhere/);
  fails('--dns-search=', /"" is no domain or option of a resolver/);
});

test('runOptions, --hosts-entry, collects the names of an address', () => {
  assert.deepEqual(options('--hosts-entry=1.2.3.4=a,1.2.3.4=b --hosts-entry=::1=c').hosts, {
    mode: 'stage0',
    entries: [{ address: '1.2.3.4', names: ['a', 'b'] }, { address: '::1', names: ['c'] }],
  });
  assert.equal(options('--hosts-entry host').hosts.mode, 'host');
  fails('--hosts-entry=host --hosts-entry=1.2.3.4=a', /cannot pass --hosts-entry=host with multiple hosts-entries/);
  fails('--hosts-entry=1.2.3.4=', /Did not understand --hosts-entry "1\.2\.3\.4="/);
  fails('--hosts-entry=foo', /Did not understand --hosts-entry foo/);
  fails('--hosts-entry=foo=bar', /Invalid IP passed to --hosts-entry: foo/);
});

test('parseWaiting, booleans and durations, are how long to wait', () => {
  assert.deepEqual(['true', '', 'false', '0', '1', '-1s', '10s', '0s', 'x'].map(parseWaiting), [
    'for ever', 'for ever', undefined, undefined, 'for ever', 'for ever', 10_000, undefined, 'invalid',
  ]);
});
