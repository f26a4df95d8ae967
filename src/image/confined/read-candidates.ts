import type { ImageContext } from '../context.ts';
import { parseKeyFileName } from '../trust/key-files.ts';
import type { SigstoreRequest } from '../trust/trust-keys.ts';
import type { TrustCandidate } from '../trust/trust-candidate.ts';
import { badMessage, checkObject, checkText, printable } from './messages.ts';
import { runWorker } from './run-worker.ts';

const KEY_TEXT_LIMIT = 16 << 20;

/** The keys in bytes that anybody may have made, or the identity by a trusted root: read by a process that has nothing. */
export async function readCandidates(
  { bytes, ...rest }: { readonly bytes: Buffer; readonly what: string; readonly sigstore?: SigstoreRequest },
  ctx: Pick<ImageContext, 'self' | 'report'>,
): Promise<TrustCandidate[]> {
  const request = { kind: 'read-keys', bytes: bytes.toString('base64'), ...rest } as const;
  const value = await runWorker({ self: ctx.self, report: ctx.report, request, handlers: {} });
  if (!Array.isArray(value)) throw badMessage();
  return value.map(checkCandidate);
}

/** The name becomes a path. */
function checkCandidate(value: unknown): TrustCandidate {
  const { fingerprint, fileName, text, description } = checkObject(value);
  const name = checkText(fileName);
  if (parseKeyFileName(name)?.fingerprint !== fingerprint || !Array.isArray(description)) throw badMessage();
  return {
    fingerprint: checkText(fingerprint),
    fileName: name,
    text: checkText(text, KEY_TEXT_LIMIT),
    // A tab is at the beginning of some.
    description: description.map((line) => checkText(line).split('\t').map(printable).join('\t')),
  };
}
