import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CgroupTree, findDelegated } from './delegated-cgroup.ts';

const MANAGER = 'user.slice/user-1000.slice/user@1000.service';
const SCOPE = `${MANAGER}/app.slice/run-1.scope`;

interface Given {
  readonly marked?: readonly string[];
  readonly units?: readonly string[];
  readonly writable?: readonly string[];
  readonly isRoot?: boolean;
}

function find(own: string, { marked = [], units = [], writable = [], isRoot = false }: Given): string | undefined {
  const tree: CgroupTree = {
    isRoot,
    isMarked: (cgroup) => marked.includes(cgroup),
    isDelegatedUnit: (name) => units.includes(name),
    isWritable: (cgroup) => writable.some((each) => cgroup === each || cgroup.startsWith(`${each}/`)),
  };
  return findDelegated(own, tree);
}

test('findDelegated, a unit that systemd marks, is its cgroup, from a leaf in it as well', () => {
  const service = { marked: ['system.slice/web.service'], writable: ['system.slice/web.service'] };
  assert.equal(find('system.slice/web.service', service), 'system.slice/web.service');
  assert.equal(find('system.slice/web.service/rkt-leaf', service), 'system.slice/web.service');
  assert.equal(find(SCOPE, { marked: [MANAGER, SCOPE], writable: [MANAGER] }), SCOPE);
});

test('findDelegated, a unit of a manager that marks nothing, is what the manager says', () => {
  const user = { marked: [MANAGER], writable: [MANAGER] };
  for (const own of [SCOPE, `${SCOPE}/rkt-leaf`]) {
    assert.equal(find(own, { ...user, units: ['run-1.scope'] }), SCOPE);
    assert.equal(find(own, user), undefined);
  }
});

test('findDelegated, a cgroup that the manager itself has, is none', () => {
  assert.equal(find(`${MANAGER}/app.slice/web.service/a/b`, { marked: [MANAGER], writable: [MANAGER], units: ['web.service'] }), undefined);
});

test('findDelegated, without a mark, is the own cgroup where it is the user\'s', () => {
  assert.equal(find('hand', { writable: ['hand'] }), 'hand');
  assert.equal(find('hand/rkt-leaf', { writable: ['hand'] }), 'hand');
  assert.equal(find('hand/rkt-leaf', { writable: ['hand/rkt-leaf'] }), 'hand/rkt-leaf');
  assert.equal(find('hand/other', { writable: ['hand'] }), 'hand/other');
  assert.equal(find('user.slice/user-1000.slice/session-1.scope', {}), undefined);
});

test('findDelegated, marked and of somebody else, is none', () => {
  assert.equal(find('system.slice/web.service', { marked: ['system.slice/web.service'] }), undefined);
});

test('findDelegated, as root, is what systemd has marked and nothing else', () => {
  const root = { isRoot: true, writable: ['system.slice'] };
  assert.equal(find('system.slice/web.service', root), undefined);
  assert.equal(find('system.slice/web.service', { ...root, marked: ['system.slice/web.service'] }), 'system.slice/web.service');
});
