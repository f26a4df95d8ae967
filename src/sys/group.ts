import { readTextIfExists } from './files.ts';

/** The numeric id of a group of the host, from /etc/group (group(5)); undefined where there is none. */
export function lookupGroup(name: string, file = '/etc/group'): number | undefined {
  for (const line of (readTextIfExists(file) ?? '').split('\n')) {
    const [entry, , gid] = line.split(':');
    if (entry === name && gid !== undefined && /^\d+$/.test(gid)) return Number(gid);
  }
  return undefined;
}

/** The ids of a user of the host, from /etc/passwd (passwd(5)); undefined where there is none. */
export function lookupUser(name: string, file = '/etc/passwd'): { uid: number; gid: number } | undefined {
  for (const line of (readTextIfExists(file) ?? '').split('\n')) {
    const [entry, , uid, gid] = line.split(':');
    if (entry === name && /^\d+$/.test(uid ?? '') && /^\d+$/.test(gid ?? '')) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
