import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Makes a static program of service-app.c, which says what it can do. Needs cc. */
export function makeServiceApp(path: string): string {
  execFileSync('cc', ['-static', '-Os', '-o', path, join(import.meta.dirname, 'service-app.c')]);
  return path;
}
