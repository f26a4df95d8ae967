import type { ImageContext } from '../context.ts';
import type { DiscoveryOptions, Tag } from '../discovery/discover.ts';
import type { Discovered, Endpoint, Wanted } from '../discovery/plan-discovery.ts';
import { authorizeHandler } from './authorize.ts';
import { badMessage, checkObject, checkText } from './messages.ts';
import { runWorker } from './run-worker.ts';

/** Discovers as `../discovery/discover.ts` does, by a process that has but the network. @throws {ImageError} no-discovery */
export async function discover(
  wanted: Wanted,
  tag: Tag,
  options: DiscoveryOptions,
  ctx: Pick<ImageContext, 'self' | 'config' | 'report'>,
): Promise<Discovered> {
  const request = { kind: 'discover', wanted: { name: wanted.name, labels: wanted.labels ?? [] }, tag, options } as const;
  const handlers = authorizeHandler(ctx);
  const { endpoints, keys } = checkObject(await runWorker({ self: ctx.self, report: ctx.report, request, handlers }));
  if (!Array.isArray(endpoints) || !Array.isArray(keys)) throw badMessage();
  return { endpoints: endpoints.map(checkEndpoint), keys: keys.map((key) => checkText(key)) };
}

function checkEndpoint(value: unknown): Endpoint {
  const { aci, signature } = checkObject(value);
  return { aci: checkUrl(aci), signature: checkUrl(signature) };
}

function checkUrl(value: unknown): URL {
  const url = URL.parse(checkText(value));
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw badMessage();
  return url;
}
