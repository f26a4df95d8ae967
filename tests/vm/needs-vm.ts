import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { needs } from '#tests/support';

/** What scripts/vm-kernel fetches. */
export const vmCache = join(import.meta.dirname, '../../.cache/vm');

export const VIRTIOFSD = '/usr/lib/qemu/virtiofsd';

/** The `skip` option of a test that starts a machine, and needs more programs on the host. */
export function needsVm(...programs: readonly string[]): { skip: string | false } {
  const { skip } = needs('root', 'qemu-system-x86_64', 'busybox', 'mke2fs', ...programs);
  const reasons = skip === false ? [] : [skip];
  if (process.arch !== 'x64') reasons.push('test machines are x86_64');
  if (!existsSync(VIRTIOFSD)) reasons.push('virtiofsd of qemu-system-common is not installed');
  if (!existsSync(join(vmCache, 'vmlinux'))) reasons.push('there is no kernel for test machines; run scripts/vm-kernel');
  return { skip: reasons.length === 0 ? false : reasons.join(', ') };
}

/** The same for a machine whose process 1 is systemd, with logins and users' own managers. */
export function needsSystemdVm(): { skip: string | false } {
  const { skip } = needsVm();
  const files = { systemd: '/lib/systemd/systemd', dbus: '/usr/bin/dbus-daemon', 'dbus-user-session': '/usr/lib/systemd/user/dbus.socket', 'libpam-systemd': '/usr/lib/x86_64-linux-gnu/security/pam_systemd.so' };
  const missing = Object.entries(files).filter(([, file]) => !existsSync(file)).map(([name]) => `${name} is not installed`);
  const reasons = [...(skip === false ? [] : [skip]), ...missing];
  return { skip: reasons.length === 0 ? false : reasons.join(', ') };
}
