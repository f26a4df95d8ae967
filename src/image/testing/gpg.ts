import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgramSync } from '#sys';

/** GnuPG with a home of its own, for the tests: it makes keys and signs. */
export class Gpg implements Disposable {
  readonly home: string = mkdtempSync(join(tmpdir(), 'rkt-gpg-'));

  run(...args: string[]): string {
    const options = ['--batch', '--no-tty', '--yes', '--pinentry-mode', 'loopback', '--passphrase', ''];
    const result = runProgramSync('/usr/bin/gpg', ['--homedir', this.home, ...options, ...args], { timeout: 30_000 });
    if (result.status !== 0) throw new Error(`gpg ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  }

  /** @returns the fingerprint, lower case. @param expire say `never`, `seconds=1` */
  makeKey(mail: string, expire = 'never', algorithm = 'ed25519'): string {
    this.run('--quick-generate-key', `Test <${mail}>`, algorithm, 'sign', expire);
    const listing = this.run('--with-colons', '--list-keys', mail);
    return /^fpr:+([0-9A-F]{40}):/m.exec(listing)![1]!.toLowerCase();
  }

  publicKey(who: string): string {
    return this.run('--armor', '--export', who);
  }

  sign(who: string, path: string, ...options: string[]): Buffer {
    const output = join(this.home, 'signature');
    this.run('--local-user', who, ...(options.length === 0 ? ['--armor'] : options), '--output', output, '--detach-sign', path);
    return readFileSync(output);
  }

  /** A key of the owner's that signs in its place. @returns its fingerprint, lower case */
  addSigningSubkey(fingerprint: string, expire = 'never'): string {
    this.run('--quick-add-key', fingerprint, 'ed25519', 'sign', expire);
    return this.run('--with-colons', '--list-keys', fingerprint).match(/^fpr:+([0-9A-F]{40}):/gm)!.at(-1)!.slice(-41, -1).toLowerCase();
  }

  /** Revokes the only subkey of a key. */
  revokeSubkey(fingerprint: string): void {
    const answers = ['key 1', 'revkey', 'y', '0', '', 'y', 'save', ''].join('\n');
    const options = ['--batch', '--no-tty', '--yes', '--pinentry-mode', 'loopback', '--passphrase', '', '--command-fd', '0'];
    const result = runProgramSync('/usr/bin/gpg', ['--homedir', this.home, ...options, '--edit-key', fingerprint], { timeout: 30_000, input: answers });
    if (result.status !== 0) throw new Error(`gpg --edit-key: ${result.stderr}`);
  }

  revoke(fingerprint: string): void {
    const path = join(this.home, 'openpgp-revocs.d', `${fingerprint.toUpperCase()}.rev`);
    writeFileSync(path, readFileSync(path, 'utf8').replace(':-----BEGIN', '-----BEGIN'));
    this.run('--import', path);
  }

  [Symbol.dispose](): void {
    runProgramSync('/usr/bin/gpgconf', ['--homedir', this.home, '--kill', 'all']);
    rmSync(this.home, { recursive: true, force: true });
  }
}
