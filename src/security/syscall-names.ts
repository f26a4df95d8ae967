import { baselineSyscalls, syscallGroups } from './syscall-groups.ts';

/** Names that libseccomp knows and no group has. */
const UNGROUPED: readonly string[] = `
  cachestat file_getattr file_setattr fstatat listmount llseek lsm_get_self_attr lsm_list_modules
  lsm_set_self_attr map_shadow_stack mseal oldolduname olduname open_tree_attr process_mrelease readdir
  statmount uretprobe`
  .trim()
  .split(/\s+/);

const MODES: readonly string[] = ['@appc.io/all', '@appc.io/empty'];

let known: ReadonlySet<string> | undefined;

/** Those members of an isolator's set that are neither a system call of Linux nor a group. */
export function unknownSyscalls(set: readonly string[]): string[] {
  known ??= new Set([...Object.entries(syscallGroups).flatMap(([group, names]) => [group, ...names]), ...baselineSyscalls, ...UNGROUPED, ...MODES]);
  return set.filter((name) => !known!.has(name));
}
