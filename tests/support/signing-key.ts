import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh OpenPGP key of GnuPG's making, in a key ring of its own. */
export interface SigningKey extends Disposable {
  /** 40 lower case hexadecimal digits, as rkt names the key's file. */
  readonly fingerprint: string;
  /** The armored public key. */
  readonly publicKeyFile: string;
  /** Writes the armored detached signature `FILE.asc` and gives its path. */
  sign(file: string): string;
}

export function makeKey(user = 'Test Key <test@example.com>', algorithm = 'rsa2048'): SigningKey {
  // Short: gpg-agent's socket path must fit into 108 bytes.
  const ring = mkdtempSync(join(tmpdir(), 'rkt-gpg-'));
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--homedir', ring, '--batch', '--yes', '--no-tty', '--quiet', '--passphrase', '', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
  gpg('--pinentry-mode', 'loopback', '--quick-generate-key', user, algorithm, 'sign', 'never');
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--fingerprint'))![1]!.toLowerCase();
  const publicKeyFile = join(ring, 'public.asc');
  writeFileSync(publicKeyFile, gpg('--armor', '--export', fingerprint));
  return {
    fingerprint,
    publicKeyFile,
    sign(file) {
      gpg('--armor', '--output', `${file}.asc`, '--detach-sign', file);
      return `${file}.asc`;
    },
    [Symbol.dispose]() {
      execFileSync('gpgconf', ['--homedir', ring, '--kill', 'all'], { stdio: 'ignore' });
      rmSync(ring, { recursive: true, force: true });
    },
  };
}
