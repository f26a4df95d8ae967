import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CATEGORIES = Array.from({ length: 1024 }, (_, at) => `c${at}`);

/** Compiles selinux.cil into a policy as the kernel takes it, with the levels of MCS: one sensitivity, 1024 categories. */
export function writeSelinuxPolicy(file: string): void {
  const levels = [
    '(mls true)',
    '(sensitivity s0)',
    '(sensitivityorder (s0))',
    ...CATEGORIES.map((name) => `(category ${name})`),
    `(categoryorder (${CATEGORIES.join(' ')}))`,
    '(sensitivitycategory s0 (range c0 c1023))',
    '(level lowest (s0))',
    '(level highest (s0 (range c0 c1023)))',
  ];
  writeFileSync(`${file}.cil`, levels.join('\n'));
  execFileSync('secilc', ['--policyvers=33', `--output=${file}`, '--filecontexts=/dev/null', `${file}.cil`, join(import.meta.dirname, 'selinux.cil')], { stdio: ['ignore', 'ignore', 'inherit'] });
}
