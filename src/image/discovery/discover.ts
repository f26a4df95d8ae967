import { messageOf } from '#errors';
import type { ImageContext } from '../context.ts';
import { type Authorize, HttpClient } from '../http/http-client.ts';
import { readBody } from '../http/read-body.ts';
import { ImageError } from '../image-error.ts';
import { DISCOVERY_PAGE_LIMIT } from './limits.ts';
import { type Discovered, discoveryPrefixes, readDiscoveryPage, type Wanted } from './plan-discovery.ts';

export interface DiscoveryOptions {
  /** Pages may come over plain HTTP where https gives none. */
  readonly plainHttp: boolean;
  readonly verifyCertificates: boolean;
}

export type DiscoveryContext = Pick<ImageContext, 'report'> & { readonly authorize: Authorize };

/** What may stand in a discovery page. */
export type Tag = 'ac-discovery' | 'ac-discovery-pubkeys';

/**
 * Looks for the page that has a tag for a name: that of the whole name, then those of the paths above it.
 *
 * @throws {ImageError} no-discovery
 */
export async function discover(
  wanted: Wanted,
  tag: Tag,
  options: DiscoveryOptions,
  ctx: DiscoveryContext,
): Promise<Discovered> {
  // A page that is not there is passed over, so nothing is asked for twice.
  using http = new HttpClient({ ...options, retryWaits: [] });
  let first: string | undefined;
  for (const prefix of discoveryPrefixes(wanted.name)) {
    try {
      const found = readDiscoveryPage(await fetchPage(prefix, http, ctx), wanted);
      if ((tag === 'ac-discovery' ? found.endpoints : found.keys).length > 0) return found;
      first ??= 'no tag for this name';
      ctx.report.debug(`image: meta tag '${tag}' not found on ${prefix}`);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      first ??= error.message;
      ctx.report.debug(`image: meta tag '${tag}' not found on ${prefix}: ${error.message}`);
    }
  }
  throw new ImageError('no-discovery', `no endpoints discovered: ${first}`);
}

/** https first; plain HTTP, where it is allowed, if that does not answer with a page. */
async function fetchPage(prefix: string, http: HttpClient, ctx: DiscoveryContext): Promise<string> {
  try {
    return await fetchFrom('https', prefix, http, ctx);
  } catch (error) {
    if (!http.policy.plainHttp || !(error instanceof ImageError)) throw error;
    ctx.report.debug(`image: ${messageOf(error)}`);
    return fetchFrom('http', prefix, http, ctx);
  }
}

async function fetchFrom(scheme: string, prefix: string, http: HttpClient, ctx: DiscoveryContext): Promise<string> {
  const url = URL.parse(`${scheme}://${prefix}?ac-discovery=1`);
  if (url === null) throw new ImageError('no-discovery', `"${prefix}" is no web address`);
  const response = await http.send({ url, authorize: ctx.authorize });
  if (response.status !== 200) {
    response.body.destroy();
    throw new ImageError('bad-status', `expected a 200 OK got ${response.status}`);
  }
  try {
    return (await readBody(response.body, DISCOVERY_PAGE_LIMIT, `discovery page of ${prefix}`)).toString();
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    throw new ImageError('connection-failed', `discovery page of ${prefix}: ${messageOf(cause)}`, { cause });
  }
}
