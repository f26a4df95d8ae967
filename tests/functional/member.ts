import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { rktProgram, run, type RunResult } from '#tests/support';
import type { Scene } from './scene.ts';

/** Nobody's, so that no other process of this machine has it. */
const UID = 54_321;

/** Of group rkt where the machine has it, else of one that has the data directory all the same. */
function groupId(): number {
  return Number(GROUP.exec(readFileSync('/etc/group', 'utf8'))?.[1] ?? UID);
}
const GROUP = /^rkt:[^:]*:(\d+):/m;

export function hasGroup(): boolean {
  return GROUP.test(readFileSync('/etc/group', 'utf8'));
}

export interface Member {
  (...args: readonly string[]): Promise<RunResult>;
  /** Another program than rkt. */
  run(program: string, ...args: readonly string[]): Promise<RunResult>;
}

/** Opens a home to a member of the group rkt who is not root, as packaging does; gives what runs rkt as that user. */
export function openToMember({ home }: Scene): Member {
  const gid = groupId();
  chmodSync(home.path, 0o755);
  chownSync(home.dataDir, 0, gid);
  chmodSync(home.dataDir, 0o2770);
  const who = [`--reuid=${UID}`, `--regid=${gid}`, '--clear-groups'];
  const as = (program: string, ...args: readonly string[]): Promise<RunResult> => run('setpriv', [...who, program, ...args]);
  return Object.assign((...args: readonly string[]) => as(rktProgram(), ...home.flags, ...args), { run: as });
}
