import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { missingPrograms } from './needs.ts';

const LEASES = '/var/lib/cni/networks';

/** What the host still has of a pod outside its directory: namespace, addresses, packet filter rules, cgroups. */
export function findPodLeaks(uuid: string): string[] {
  return [...namespacesOf(uuid), ...leasesOf(uuid), ...notesOf(uuid), ...rulesOf(uuid), ...cgroupsOf(uuid)];
}

function namespacesOf(uuid: string): string[] {
  const path = `/run/netns/cni-${uuid}`;
  return existsSync(path) ? [`network namespace ${path}`] : [];
}

function leasesOf(uuid: string): string[] {
  return namesIn(LEASES).flatMap((network) =>
    namesIn(join(LEASES, network)).flatMap((address) => {
      const file = join(LEASES, network, address);
      return textOf(file).includes(uuid) ? [`lease ${file}`] : [];
    }),
  );
}

/** Attachments that libcni and rkt note for collection. */
function notesOf(uuid: string): string[] {
  return namesIn('/var/lib/cni/results').filter((name) => name.includes(uuid)).map((name) => `note /var/lib/cni/results/${name}`);
}

/** By the comments of the CNI plugins and the chains of published ports. */
function rulesOf(uuid: string): string[] {
  if (missingPrograms('iptables-save').length > 0) return [];
  const rules = execFileSync('iptables-save', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n');
  return rules.filter((rule) => rule.includes(uuid) || rule.includes(`-${uuid.slice(0, 13)}`)).map((rule) => `rule ${rule}`);
}

/** In names of cgroups `\x2d` stands for a dash, as in those of units. */
function cgroupsOf(uuid: string): string[] {
  const escaped = uuid.replaceAll('-', '\\x2d');
  const own = (path: string): boolean => path.includes(uuid) || path.includes(escaped);
  return directoriesBelow('/sys/fs/cgroup', 4).filter(own).map((path) => `cgroup ${path}`);
}

function directoriesBelow(path: string, depth: number): string[] {
  if (depth === 0) return [];
  return namesIn(path).flatMap((name) => {
    const each = join(path, name);
    return isDirectory(each) ? [each, ...directoriesBelow(each, depth - 1)] : [];
  });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
