import { readdirSync, readFileSync, statSync } from 'node:fs';

/** The processes of plugins at work for a pod: they hold its lock, though its rkt may have been killed. */
export function workingPlugins(podDir: string, uuid: string): number[] {
  const { ino, dev } = statSync(podDir);
  const told = `CNI_CONTAINERID=${uuid}`;
  return readdirSync('/proc').map(Number).filter((pid) => {
    if (!Number.isInteger(pid)) return false;
    try {
      const works = statSync(`/proc/${pid}/cwd`);
      return works.ino === ino && works.dev === dev && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(told);
    } catch {
      // It has ended meanwhile, or is not to be looked at: none of ours.
      return false;
    }
  });
}
