import { ImageError } from '../image-error.ts';
import type { HttpClient, HttpRequest } from '../http/http-client.ts';
import { TOKEN_LIMIT } from '../http/limits.ts';
import { readBody } from '../http/read-body.ts';
import { redactUrl } from '../http/redact.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicHeader, type Credentials } from './credentials.ts';
import { registryError } from './registry-error.ts';

const DEFAULT_LIFETIME = 60;
/** A token is not used in the last seconds of its life. */
const MARGIN = 10;

interface Grant {
  readonly header: string;
  /** Milliseconds of Date.now(). */
  readonly expires: number;
}

/** Answers a registry's challenges, and remembers for each scope what it was given. */
export class Authorizer {
  readonly #http: HttpClient;
  readonly #registry: string;
  readonly #credentials: () => Promise<Credentials | undefined>;
  readonly #grants = new Map<string, Grant>();

  constructor(http: HttpClient, registry: string, credentials: () => Promise<Credentials | undefined>) {
    this.#http = http;
    this.#registry = registry;
    this.#credentials = credentials;
  }

  /** The Authorization header for a scope, where one is known and still good. */
  header(scope: string): string | undefined {
    const grant = this.#grants.get(scope);
    return grant !== undefined && grant.expires > Date.now() ? grant.header : undefined;
  }

  /**
   * Obtains what a 401 asked for; afterwards {@link header} gives it. False where there is nothing to answer with.
   *
   * @param url where the challenge came from
   * @throws {ImageError} unauthorized, bad-answer, bad-credentials, insecure-transport and of the connection
   */
  async answer(header: string | undefined, url: URL, scope: string): Promise<boolean> {
    this.#grants.delete(scope);
    const challenges = parseChallenges(header ?? '');
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    const grant = bearer === undefined ? await this.#basic(challenges, url) : await this.#token(bearer, scope);
    if (grant !== undefined) this.#grants.set(scope, grant);
    return grant !== undefined;
  }

  async #basic(challenges: readonly Challenge[], url: URL): Promise<Grant | undefined> {
    if (!challenges.some((challenge) => challenge.scheme === 'basic')) return undefined;
    const credentials = await this.#credentials();
    if (credentials?.kind !== 'basic') return undefined;
    checkSecret(url);
    return { header: basicHeader(credentials.user, credentials.password), expires: Infinity };
  }

  async #token(challenge: Challenge, scope: string): Promise<Grant> {
    const realm = URL.parse(challenge.parameters['realm'] ?? '');
    if (realm === null) {
      throw new ImageError('bad-answer', `registry ${this.#registry} does not say where its tokens are`);
    }
    const request = planTokenRequest(realm, challenge, scope, await this.#credentials());
    const response = await this.#http.send(request);
    if (response.status !== 200) throw await registryError(response, `token from ${redactUrl(realm)}`);
    return parseToken(await readBody(response.body, TOKEN_LIMIT, `token from ${redactUrl(realm)}`), realm);
  }
}

/** The request for a token (distribution token specification, and its OAuth2 form for identity tokens). */
function planTokenRequest(
  realm: URL,
  challenge: Challenge,
  scope: string,
  credentials: Credentials | undefined,
): HttpRequest {
  if (credentials !== undefined) checkSecret(realm);
  const service = challenge.parameters['service'];
  const query = new URLSearchParams({ ...(service === undefined ? {} : { service }), scope });
  if (credentials?.kind === 'identity-token') {
    query.set('grant_type', 'refresh_token');
    query.set('refresh_token', credentials.token);
    query.set('client_id', 'rkt');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { url: realm, method: 'POST', headers, body: query.toString() };
  }
  const url = new URL(realm);
  for (const [name, value] of query) url.searchParams.set(name, value);
  if (credentials === undefined) return { url };
  return { url, headers: { authorization: basicHeader(credentials.user, credentials.password) } };
}

function parseToken(bytes: Buffer, realm: URL): Grant {
  const value = parseJson(bytes) as { token?: unknown; access_token?: unknown; expires_in?: unknown } | undefined | null;
  const token = value?.token ?? value?.access_token;
  if (typeof token !== 'string' || !/^[\w.~+/=:-]+$/.test(token)) {
    throw new ImageError('bad-answer', `${redactUrl(realm)} answered without a token`);
  }
  const stated = value?.expires_in;
  const lifetime = typeof stated === 'number' && stated > 0 ? stated : DEFAULT_LIFETIME;
  return { header: `Bearer ${token}`, expires: Date.now() + Math.max(lifetime - MARGIN, 1) * 1000 };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** Passwords go over plain HTTP to this machine only, even where plain HTTP is allowed. */
function checkSecret(url: URL): void {
  if (url.protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) return;
  throw new ImageError('insecure-transport', `${redactUrl(url)} asks for credentials over plain HTTP`, {
    hint: 'serve it over https: credentials are never sent in the clear',
  });
}
