import { lstatSync } from 'node:fs';
import { dirname, basename } from 'node:path';
import { type IdRange, insideId, readPlainFile } from '#sys';
import { AppError } from './errors.ts';
import { hostPathOf, resolveInRootfs } from './rootfs-path.ts';

const MAX_ID = 0xffff_fffe;
/** Bytes of an /etc/passwd or /etc/group. */
const LARGEST_DATABASE = 4 << 20;

/**
 * The uid an app's `user` means: `root`, a number, the owner of a file by its absolute path, or a name in
 * the rootfs's /etc/passwd (appc spec/aci.md, app.user).
 *
 * @param users those of the pod's user namespace, where it has one: the answer is an id inside
 *
 * @throws {AppError} 'user-not-found'
 */
export function resolveUser(rootfs: string, user: string, users?: IdRange): number {
  const uid = numericId(user) ?? ownerOf(rootfs, user, users)?.uid ?? idIn(rootfs, '/etc/passwd', user);
  if (uid !== undefined) return uid;
  throw new AppError('user-not-found', `failed to configure user "${user}": "${user}" user not found`, {
    hint: 'use a number, or a name that is in the /etc/passwd of the image',
  });
}

/** The gid an app's `group` means, by the rules of {@link resolveUser} with /etc/group. */
export function resolveGroup(rootfs: string, group: string, users?: IdRange): number {
  const gid = numericId(group) ?? ownerOf(rootfs, group, users)?.gid ?? idIn(rootfs, '/etc/group', group);
  if (gid !== undefined) return gid;
  throw new AppError('group-not-found', `failed to configure group "${group}": "${group}" group not found`, {
    hint: 'use a number, or a name that is in the /etc/group of the image',
  });
}

function numericId(text: string): number | undefined {
  if (text === 'root') return 0;
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

/** The owner of a file that is named; of a link itself where the last name is one. */
function ownerOf(rootfs: string, path: string, users: IdRange | undefined): { uid: number; gid: number } | undefined {
  if (!path.startsWith('/')) return undefined;
  const directory = resolveInRootfs(rootfs, dirname(path));
  const stat = lstatSync(`${rootfs}${directory}/${basename(path)}`, { throwIfNoEntry: false });
  if (stat === undefined || users === undefined) return stat;
  return { uid: insideId(users, stat.uid), gid: insideId(users, stat.gid) };
}

/** passwd(5) and group(5) both have the name first and the id third. */
function idIn(rootfs: string, file: string, name: string): number | undefined {
  const text = readPlainFile(hostPathOf(rootfs, file), LARGEST_DATABASE)?.toString() ?? '';
  for (const line of text.split('\n')) {
    const [entry, , id] = line.split(':');
    if (entry === name && id !== undefined) return numericId(id);
  }
  return undefined;
}
