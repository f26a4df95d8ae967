import type { TrustedSignerView } from '#stage0';
import { goJson } from './go-json.ts';
import type { Format } from './pod-list.ts';
import { alignTabs } from './table.ts';

const headings = ['PREFIX', 'KIND', 'FINGERPRINT', 'SIGNER', 'WHERE', 'STATE'];

/** What `rkt trust --list` prints. The prefix of what is trusted for all names is `(all)`. */
export function trustListText(signers: readonly TrustedSignerView[], format: Format): string {
  if (format !== '') {
    const value = signers.map(({ fingerprint, kind, path, prefix, signer, state, where }) => ({
      prefix: prefix ?? '', kind, fingerprint, signer, where, state, path,
    }));
    return `${goJson(value, { pretty: format === 'json-pretty' })}\n`;
  }
  const rows = signers.map(({ fingerprint, kind, prefix, signer, state, where }) => [
    prefix ?? '(all)', kind, fingerprint, signer === '' ? '-' : signer, where, state,
  ]);
  return `${alignTabs([headings, ...rows].map((row) => row.join('\t')).join('\n'))}\n`;
}
