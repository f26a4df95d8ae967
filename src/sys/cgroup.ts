import { readFileSync } from 'node:fs';

/** A cgroup hierarchy that is mounted here. */
export interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
  /** By the kernel's names of version 1; none of version 2, whose file cgroup.controllers has its own. */
  readonly controllers: readonly string[];
}

/** Where cgroup hierarchies are mounted, from the text of /proc/self/mountinfo (proc(5)); without those that are covered. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const lines = mountinfo.split('\n');
  const covers = new Set(lines.map((line) => /^\d+ (\d+ )\S+ \S+ (\S+)/.exec(line)?.slice(1).join('')));
  const hierarchies: Hierarchy[] = [];
  for (const line of lines) {
    const match = /^(\d+ )\d+ \S+ \/ (\S+) .* - (cgroup2?) \S+ (\S+)/.exec(line);
    const [, id = '', path = '', type, options = ''] = match ?? [];
    if (match === null || covers.has(id + path)) continue;
    const version = type === 'cgroup' ? 1 : 2;
    hierarchies.push({ path: unescapeOctal(path), version, controllers: version === 1 ? options.split(',') : [] });
  }
  return hierarchies;
}

/** Those that are mounted where this process is. */
export function readHierarchies(): Hierarchy[] {
  return parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
