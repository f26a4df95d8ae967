import { type AcIdentifier, parseImageName } from '#appc';
import { messageOf } from '#errors';
import type { ImageContext } from '../context.ts';
import { ImageError } from '../image-error.ts';
import { trustKeys } from '../trust/trust-keys.ts';
import { discover } from '../confined/discover.ts';
import type { DiscoveryOptions } from './discover.ts';

/** URLs of keys, as the discovery page of a prefix names them. @throws {ImageError} no-discovery */
export async function discoverKeys(prefix: string, options: DiscoveryOptions, ctx: Pick<ImageContext, 'self' | 'config' | 'report'>): Promise<readonly string[]> {
  const wanted = parseImageName(prefix);
  try {
    return (await discover(wanted, 'ac-discovery-pubkeys', options, ctx)).keys;
  } catch (cause) {
    if (!(cause instanceof ImageError) || cause.code !== 'no-discovery') throw cause;
    throw new ImageError('no-discovery', `error determining key location: prefix meta discovery error: ${cause.message}`, {
      cause,
      hint: 'name the key: rkt trust --prefix PREFIX FILE-OR-URL',
    });
  }
}

/**
 * Offers the keys of a name's discovery page to be trusted for it, where no key is trusted for the name or a prefix
 * of it. Nothing that goes wrong is an error: the image may be signed by a key that is trusted already.
 */
export async function fetchKeysOf(name: AcIdentifier, ctx: ImageContext): Promise<void> {
  if (hasPrefixKeys(name, ctx)) {
    return ctx.report.info(`image: keys already exist for prefix "${name}", not fetching again`);
  }
  const { insecure, report } = ctx;
  if (insecure.pubkey) report.info('image: signing keys may be downloaded from an insecure connection');
  if (insecure.tls && !insecure.pubkey) return;
  const allowHttp = insecure.pubkey && insecure.http;
  try {
    const options = { plainHttp: allowHttp, verifyCertificates: !insecure.tls };
    const keys = await discoverKeys(name, options, ctx);
    // Standard output is for the image's ID.
    await trustKeys({ prefix: name, keys, allowHttp, print: (line) => report.info(line) }, ctx);
  } catch (error) {
    report.info(`image: ${describe(error)}`);
  }
}

/** Keys of root.d do not count, as in rkt: they are for images of everybody. */
function hasPrefixKeys(name: AcIdentifier, ctx: ImageContext): boolean {
  return [...ctx.keystore.keysFor(name).values()].some(({ path }) => path.includes('/trustedkeys/prefix.d/'));
}

function describe(error: unknown): string {
  const found = error instanceof ImageError && error.code === 'no-discovery';
  return found ? error.message : `error adding keys: ${messageOf(error)}`;
}
