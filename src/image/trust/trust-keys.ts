import { type AcIdentifier, parseAcIdentifier } from '#appc';
import { messageOf } from '#errors';
import type { ImageContext } from '../context.ts';
import { ImageError } from '../image-error.ts';
import type { TrustCandidate } from './trust-candidate.ts';

export interface TrustRequest {
  /** The names the keys are trusted for; left out: all names. */
  readonly prefix?: string;
  /** Files or URLs of keys: of OpenPGP, or as cosign has them. */
  readonly keys: readonly string[];
  /** Who may sign with certificates; instead of keys. */
  readonly sigstore?: SigstoreRequest;
  /** Trust without asking (`--skip-fingerprint-review`). */
  readonly skipFingerprintReview?: boolean;
  /** Keys may come over plain HTTP (`--insecure-allow-http`). */
  readonly allowHttp?: boolean;
  /** Where lines for standard output go as they come: fingerprints before the question, outcomes after it. */
  readonly print: (line: string) => void;
}

export interface SigstoreRequest {
  /** A file or URL of a trusted root (trusted_root.json). */
  readonly root: string;
  readonly identity: string;
  readonly issuer: string;
}

export interface TrustedKey {
  readonly location: string;
  readonly fingerprint: string;
  /** The file in the keystore. */
  readonly path: string;
}

export type TrustContext = Pick<ImageContext, 'self' | 'config' | 'keystore' | 'insecure' | 'report' | 'trustKeysFromHttps' | 'confirm'>;

/**
 * Adds keys to the keystore, each after a person has seen its fingerprint.
 *
 * @throws {ImageError} bad-key, key-not-accepted where there is nobody to ask, no-discovery where the prefix names no keys
 */
export async function trustKeys(request: TrustRequest, ctx: TrustContext): Promise<TrustedKey[]> {
  const prefix = parsePrefix(request.prefix);
  const trusted: TrustedKey[] = [];
  for await (const { location, keys } of readSources(request, ctx)) {
    ctx.report.info(`pubkey: prefix: "${prefix ?? ''}"\nkey: "${location}"`);
    for (const line of keys.flatMap(({ description }) => description)) request.print(line);
    const how = await review(location, prefix, request, ctx);
    if (how === undefined) continue;
    request.print(`Trusting "${location}" for prefix "${prefix ?? ''}" ${how} fingerprint review.`);
    for (const key of keys) trusted.push(addKey(key, location, prefix, request, ctx));
  }
  return trusted;
}

interface Source {
  readonly location: string;
  readonly keys: readonly TrustCandidate[];
}

async function* readSources(request: TrustRequest, ctx: TrustContext): AsyncGenerator<Source> {
  const { sigstore } = request;
  const isNamed = request.keys.length > 0 || sigstore !== undefined;
  const keys = isNamed ? request.keys : await keysOfPrefix(request, ctx);
  const [{ fetchKey }, { readCandidates }] = await Promise.all([import('./fetch-key.ts'), import('../confined/read-candidates.ts')]);
  if (sigstore !== undefined) {
    const bytes = await fetchKey(sigstore.root, request, ctx);
    yield { location: sigstore.root, keys: await readCandidates({ bytes, what: sigstore.root, sigstore }, ctx) };
  }
  for (const location of keys) {
    const bytes = await fetchKey(location, request, ctx);
    yield { location, keys: await readCandidates({ bytes, what: location }, ctx) };
  }
}

function parsePrefix(text: string | undefined): AcIdentifier | undefined {
  if (text === undefined) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme !== undefined) {
    throw new ImageError('bad-key', `--prefix must not contain a URL scheme, omit ${scheme}://`);
  }
  try {
    return parseAcIdentifier(text);
  } catch (cause) {
    throw new ImageError('bad-key', `"${text}" is no prefix of image names: ${messageOf(cause)}`, { cause });
  }
}

async function keysOfPrefix({ prefix = '', allowHttp = false }: TrustRequest, ctx: TrustContext): Promise<readonly string[]> {
  const { discoverKeys } = await import('../discovery/key-locations.ts');
  return discoverKeys(prefix, { plainHttp: allowHttp, verifyCertificates: !ctx.insecure.tls }, ctx);
}

/** How the key came to be accepted; undefined where the person said no. */
async function review(
  location: string,
  prefix: AcIdentifier | undefined,
  request: TrustRequest,
  ctx: TrustContext,
): Promise<'without' | 'after' | undefined> {
  const fromHttps = /^https:/i.test(location) && ctx.trustKeysFromHttps;
  if (request.skipFingerprintReview === true || fromHttps) return 'without';
  if (ctx.confirm === undefined) {
    ctx.report.info(`pubkey: To trust the key for "${prefix ?? ''}", do one of the following:`);
    ctx.report.info('pubkey:  - call rkt with --trust-keys-from-https');
    ctx.report.info(`pubkey:  - run: rkt trust --prefix "${prefix ?? ''}"`);
    throw new ImageError(
      'key-not-accepted',
      'error reviewing key: unable to ask user to review fingerprint due to lack of tty',
    );
  }
  if (await ctx.confirm('Are you sure you want to trust this key')) return 'after';
  ctx.report.info(`pubkey: not trusting "${location}"`);
  return undefined;
}

function addKey(
  key: TrustCandidate,
  location: string,
  prefix: AcIdentifier | undefined,
  request: TrustRequest,
  ctx: TrustContext,
): TrustedKey {
  const path = ctx.keystore.add(prefix, key.fileName, key.text);
  request.print(prefix === undefined ? `Added root key at "${path}"` : `Added key for prefix "${prefix}" at "${path}"`);
  return { location, fingerprint: key.fingerprint, path };
}
