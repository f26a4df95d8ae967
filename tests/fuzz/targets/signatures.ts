import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAcIdentifier } from '#appc';
import { type Keystore, openKeystore, verifyAci } from '#image';
import { parsePublicKeys } from '../../../src/image/trust/pgp-key.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import { subjectOf, type Target } from '../target.ts';

/** Keys and signatures that are damaged, and files that were changed after they were signed. */
export const signatures: Target = {
  name: 'signatures',
  limit: 5000,
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rkt-fuzz-'));
    const scene = await makeScene(directory);
    return subjectOf((random) => runCase(scene, random), () => rmSync(directory, { recursive: true }));
  },
};

interface SignedFile {
  readonly file: string;
  readonly changed: string;
  readonly content: Buffer;
  readonly keystore: Keystore;
  readonly key: Buffer;
  readonly signatures: readonly Buffer[];
}

const name = parseAcIdentifier('example.com/app');

async function makeScene(directory: string): Promise<SignedFile> {
  const openpgp = await import('openpgp');
  const { privateKey, publicKey } = await openpgp.generateKey({ userIDs: [{ name: 'Fuzz', email: 'fuzz@example.com' }], format: 'object' });
  const content = Buffer.from('content '.repeat(100));
  const message = await openpgp.createMessage({ binary: new Uint8Array(content) });
  const armored = await openpgp.sign({ message, signingKeys: privateKey, detached: true });
  const binary = await openpgp.sign({ message, signingKeys: privateKey, detached: true, format: 'binary' });
  const keystore = openKeystore({ systemDir: join(directory, 'system'), localDir: directory });
  keystore.add(undefined, publicKey.getFingerprint(), publicKey.armor());
  const [file, changed] = [join(directory, 'file'), join(directory, 'changed')];
  writeFileSync(file, content);
  const known = [Buffer.from(armored as string), Buffer.from(binary as Uint8Array)];
  return { file, changed, content, keystore, key: Buffer.from(publicKey.armor()), signatures: known };
}

async function runCase(scene: SignedFile, random: Random): Promise<void> {
  const { file, changed, content, keystore, key } = scene;
  const signature = random.pick(scene.signatures);
  switch (random.below(3)) {
    case 0:
      await parsePublicKeys(mutateBytes(key, random), 'key');
      return;
    case 1:
      await verifyAci(file, mutateBytes(signature, random), name, keystore);
      return;
    default: {
      const other = mutateBytes(content, random);
      if (other.equals(content)) return;
      writeFileSync(changed, other);
      await verifyAci(changed, signature, name, keystore);
      throw new Error('a file that was changed is taken for what was signed');
    }
  }
}
