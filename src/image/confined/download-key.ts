import type { ImageContext } from '../context.ts';
import type { HttpPolicy } from '../http/http-client.ts';
import { KEY_LIMIT } from '../http/limits.ts';
import { checkText } from './messages.ts';
import { runWorker } from './run-worker.ts';

/** The bytes of a key at a URL. @throws {ImageError} */
export async function downloadKey(url: URL, policy: HttpPolicy, ctx: Pick<ImageContext, 'self' | 'report'>): Promise<Buffer> {
  const request = { kind: 'download-key', url: url.href, policy } as const;
  const value = await runWorker({ self: ctx.self, report: ctx.report, request, handlers: {} });
  return Buffer.from(checkText(value, 2 * KEY_LIMIT), 'base64');
}
