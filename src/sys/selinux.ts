import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type PathLike, SysError } from './linux.ts';
import { walkTree } from './walk-tree.ts';
import { setXattr } from './xattr.ts';

/** selinuxfs: the kernel takes a context here that its policy has, and refuses any other. */
const CONTEXT = '/sys/fs/selinux/context';
const ENFORCE = '/sys/fs/selinux/enforce';
/** The attribute in which a file keeps its label. */
export const SELINUX_LABEL = 'security.selinux';

/** Whether SELinux is on. It counts as off where selinuxfs is read-only, as containers see it. */
export function isSelinuxActive(): boolean {
  if (!existsSync(CONTEXT)) return false;
  try {
    accessSync(CONTEXT, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether what the policy does not allow is refused, and not only logged. */
export function isSelinuxEnforcing(): boolean {
  return readFileSync(ENFORCE, 'utf8') === '1';
}

/** Whether the loaded policy has such a context, `USER:ROLE:TYPE[:LEVEL]`. Only where SELinux is active. */
export function isSelinuxContext(context: string): boolean {
  try {
    writeFileSync(CONTEXT, context, { flag: 'r+' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return false;
    throw error;
  }
}

/** Labels a file, or a link itself. A file system that keeps no labels has one for all its files. @throws {SysError} */
export function setSelinuxLabel(path: PathLike, context: string): void {
  try {
    setXattr(path, SELINUX_LABEL, Buffer.from(context));
  } catch (error) {
    if (!(error instanceof SysError && error.code === 'ENOTSUP')) throw error;
  }
}

/** As {@link setSelinuxLabel}, for a tree that nobody else changes meanwhile; its top comes last. */
export function setSelinuxLabels(tree: string, context: string): void {
  const [top, ...below] = walkTree(tree);
  for (const { path } of [...below, top!]) setSelinuxLabel(path, context);
}

/** A mount option that gives a whole file system one label. The quotes are for the comma between categories. */
export function selinuxMountOption(context: string): string {
  return `context="${context}"`;
}
