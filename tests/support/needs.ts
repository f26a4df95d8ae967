import { existsSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORIES = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];

export function missingPrograms(...programs: readonly string[]): string[] {
  return programs.filter((program) => !DIRECTORIES.some((directory) => existsSync(join(directory, program))));
}

/**
 * The `skip` option of a test: false where this machine can run it, else the reason it cannot.
 *
 * @param what programs by name; `root` for user 0
 */
export function needs(...what: readonly string[]): { skip: string | false } {
  const reasons = missingPrograms(...what.filter((name) => name !== 'root')).map((name) => `${name} is not installed`);
  if (what.includes('root') && process.getuid!() !== 0) reasons.push('not root');
  return { skip: reasons.length === 0 ? false : reasons.join(', ') };
}
