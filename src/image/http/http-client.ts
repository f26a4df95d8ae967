import type { Agent as HttpAgent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { ImageError } from '../image-error.ts';
import { REDIRECT_LIMIT, TIMEOUTS, type Timeouts } from './limits.ts';
import { redactUrl } from './redact.ts';
import { withRetries } from './retry.ts';
import { sendOnce } from './send.ts';

export interface HttpPolicy {
  /** Whether `http:` may be asked at all; a redirect from https to http is refused even then. */
  readonly plainHttp: boolean;
  readonly verifyCertificates: boolean;
  /** PEM of authorities that are trusted besides those of the system. */
  readonly authorities?: string;
  readonly timeouts?: Timeouts;
  readonly retryWaits?: readonly number[];
}

type Headers = Readonly<Record<string, string>>;
/** The headers that let us in at a URL. */
export type Authorize = (url: URL, method: string) => Headers | Promise<Headers>;

export interface HttpRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked anew at each redirect. */
  readonly authorize?: Authorize;
  /** A function gives it anew each time the request is sent; its length is then in the headers. */
  readonly body?: string | (() => Readable | Buffer);
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Where the answer came from in the end, redirects followed. */
  readonly url: URL;
  /** Must be read to its end or destroyed. */
  readonly body: IncomingMessage;
}

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const SECRET_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization']);

/**
 * HTTP for images: connections kept for the next request, redirects, retries, timeouts, and the
 * proxies of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).
 */
export class HttpClient implements Disposable {
  readonly policy: HttpPolicy;
  #agents: Agents | undefined;

  constructor(policy: HttpPolicy) {
    this.policy = policy;
  }

  /**
   * Sends a request, again where the server is briefly unable, and follows redirects. Any status is an
   * answer. Credentials do not follow to another origin.
   *
   * @throws {ImageError} connection-failed, insecure-transport, bad-redirect
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    let current = request;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#sendToOne(current);
      const location = response.headers.location;
      if (!REDIRECTS.has(response.status) || location === undefined) return response;
      response.body.resume();
      if (redirects === REDIRECT_LIMIT) {
        throw new ImageError('bad-redirect', `${redactUrl(request.url)}: more than ${REDIRECT_LIMIT} redirects`);
      }
      current = planRedirect(current, location, response.status);
    }
  }

  async #sendToOne(request: HttpRequest): Promise<HttpResponse> {
    this.#checkScheme(request.url);
    const agents = (this.#agents ??= await openAgents(this.policy));
    const timeouts = this.policy.timeouts ?? TIMEOUTS;
    const agent = request.url.protocol === 'https:' ? agents.https : agents.http;
    return withRetries(request, this.policy.retryWaits, async () => sendOnce(await withAuthorization(request), agent, timeouts));
  }

  #checkScheme(url: URL): void {
    if (url.protocol === 'https:' || (url.protocol === 'http:' && this.policy.plainHttp)) return;
    throw new ImageError('insecure-transport', `${redactUrl(url)}: plain HTTP is not allowed`, {
      hint: 'use https, or allow it with --insecure-options=http',
    });
  }

  /** Closes the connections that are kept. */
  [Symbol.dispose](): void {
    this.#agents?.http.destroy();
    this.#agents?.https.destroy();
    this.#agents = undefined;
  }
}

async function openAgents(policy: HttpPolicy): Promise<Agents> {
  const [http, https] = await Promise.all([import('node:http'), import('node:https')]);
  const options = { keepAlive: true, maxSockets: 8, proxyEnv: process.env };
  const tls = { rejectUnauthorized: policy.verifyCertificates, minVersion: 'TLSv1.2' } as const;
  const ca = policy.authorities === undefined ? {} : { ca: await withDefaultAuthorities(policy.authorities) };
  return { http: new http.Agent(options), https: new https.Agent({ ...options, ...tls, ...ca }) };
}

async function withDefaultAuthorities(pem: string): Promise<string[]> {
  const { getCACertificates } = await import('node:tls');
  return [...getCACertificates('default'), pem];
}

async function withAuthorization(request: HttpRequest): Promise<HttpRequest> {
  const { url, method = 'GET', headers, authorize } = request;
  return authorize === undefined ? request : { ...request, headers: { ...headers, ...(await authorize(url, method)) } };
}

/** The request that follows a redirect (RFC 9110 15.4). @throws {ImageError} bad-redirect */
export function planRedirect(request: HttpRequest, location: string, status: number): HttpRequest {
  const from = request.url;
  const to = URL.parse(location, from);
  if (to === null || (to.protocol !== 'https:' && to.protocol !== 'http:')) {
    throw new ImageError('bad-redirect', `${redactUrl(from)}: the server redirects to no web address`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new ImageError('bad-redirect', `${redactUrl(from)}: the server redirects from https to plain HTTP`);
  }
  if (request.method === 'PUT') throw new ImageError('bad-redirect', `${redactUrl(from)}: the server redirects an upload`);
  to.username = '';
  to.password = '';
  const headers = to.origin === from.origin ? request.headers : withoutSecrets(request.headers);
  const { body, authorize, method = 'GET' } = request;
  const keepsBody = body !== undefined && (status === 307 || status === 308) && to.origin === from.origin;
  return {
    url: to,
    method: method === 'POST' && !keepsBody ? 'GET' : method,
    ...(headers === undefined ? {} : { headers }),
    ...(authorize === undefined ? {} : { authorize }),
    ...(keepsBody ? { body } : {}),
  };
}

function withoutSecrets(headers: HttpRequest['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => !SECRET_HEADERS.has(name.toLowerCase())));
}
