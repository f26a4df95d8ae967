import { ImageError } from '../image-error.ts';
import { HttpClient, type HttpPolicy, type HttpResponse } from '../http/http-client.ts';
import { Authorizer } from './authorizer.ts';
import type { Credentials } from './credentials.ts';
import { registryError } from './registry-error.ts';

export interface RegistryOptions {
  /** `host[:port]`. */
  readonly registry: string;
  readonly policy: HttpPolicy;
  readonly credentials: () => Promise<Credentials | undefined>;
}

export interface RegistryRequest {
  /** Below `/v2/<repository>/`, say `manifests/latest`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are answers; any other is an error. */
  readonly accept: readonly number[];
  /** Names the subject in errors. */
  readonly what: string;
}

/** Speaks to one repository of a registry (OCI distribution spec 1.1), for pulling. */
export class RegistryClient implements Disposable {
  readonly repository: string;
  readonly registry: string;
  readonly #http: HttpClient;
  readonly #authorizer: Authorizer;
  readonly #scope: string;
  #base: Promise<URL> | undefined;

  constructor(options: RegistryOptions, repository: string) {
    this.registry = options.registry;
    this.repository = repository;
    this.#http = new HttpClient(options.policy);
    let credentials: Promise<Credentials | undefined> | undefined;
    this.#authorizer = new Authorizer(this.#http, options.registry, () => (credentials ??= options.credentials()));
    this.#scope = `repository:${repository}:pull`;
  }

  /**
   * GETs something of the repository, answering a challenge of the registry once.
   *
   * @throws {ImageError} not-found, unauthorized, bad-status and of the connection
   */
  async get(request: RegistryRequest): Promise<HttpResponse> {
    const base = await (this.#base ??= findBase(this.#http, this.registry));
    const url = new URL(`v2/${this.repository}/${request.path}`, base);
    let response = await this.#send(url, request);
    if (response.status === 401 && response.url.origin === url.origin) {
      response = await this.#sendAuthorized(url, request, response);
    }
    if (request.accept.includes(response.status)) return response;
    throw await registryError(response, request.what);
  }

  async #sendAuthorized(url: URL, request: RegistryRequest, refused: HttpResponse): Promise<HttpResponse> {
    const challenge = refused.headers['www-authenticate'];
    if (!(await this.#authorizer.answer(challenge, refused.url, this.#scope))) return refused;
    refused.body.resume();
    return this.#send(url, request);
  }

  #send(url: URL, request: RegistryRequest): Promise<HttpResponse> {
    const authorization = this.#authorizer.header(this.#scope);
    return this.#http.send({ url, headers: { ...request.headers, ...(authorization ? { authorization } : {}) } });
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }
}

/** https, and plain HTTP only where it is allowed and nobody speaks TLS there. */
export async function findBase(http: HttpClient, registry: string): Promise<URL> {
  const secure = new URL(`https://${registry}/`);
  if (!http.policy.plainHttp) return secure;
  try {
    const response = await http.send({ url: new URL('v2/', secure) });
    response.body.resume();
    return secure;
  } catch (error) {
    if (!(error instanceof ImageError) || !speaksNoTls(error.cause)) throw error;
    return new URL(`http://${registry}/`);
  }
}

function speaksNoTls(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPROTO' || code.startsWith('ERR_SSL_');
}
