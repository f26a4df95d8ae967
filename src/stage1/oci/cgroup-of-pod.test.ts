import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { cgroupOfPod } from './cgroup-of-pod.ts';
import { podCgroup } from './pod-paths.ts';

test('cgroupOfPod, a file that names it, one that is damaged, and none', () => {
  const podDir = mkdtempSync(join(tmpdir(), 'rkt-cgroup-of-pod-'));
  const own = podCgroup(basename(podDir));
  const noted = (text: string): string | undefined => {
    writeFileSync(join(podDir, 'subcgroup'), text);
    return cgroupOfPod(podDir);
  };
  try {
    assert.equal(cgroupOfPod(podDir), own);
    assert.equal(noted(own), own);
    assert.equal(noted(`user.slice/x.scope/${own}`), `user.slice/x.scope/${own}`);
    for (const damaged of ['', 'machine.slice', `user.slice/${own.slice(0, 20)}`, `../${own}`, `a/../../${own}`]) assert.equal(noted(damaged), own, damaged);
  } finally {
    rmSync(podDir, { recursive: true });
  }
});
