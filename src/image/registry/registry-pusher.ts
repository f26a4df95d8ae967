import type { Readable } from 'node:stream';
import { type Digest, MANIFEST_MEDIA_TYPES } from '#oci';
import { HttpClient, type HttpRequest, type HttpResponse } from '../http/http-client.ts';
import { redactUrl } from '../http/redact.ts';
import { ImageError } from '../image-error.ts';
import { Authorizer } from './authorizer.ts';
import { findBase } from './registry-client.ts';
import type { RegistryOptions } from './registry-client.ts';
import { registryError } from './registry-error.ts';

/** A blob to be pushed: its bytes can be had again where a request is sent twice. */
export interface PushedBlob {
  readonly digest: Digest;
  readonly size: number;
  open(): Readable | Buffer;
}

type Request = Omit<HttpRequest, 'url'>;

/** Pushes to one repository of a registry (OCI distribution spec 1.1, "Pushing Blobs" and "Pushing Manifests"). */
export class RegistryPusher implements Disposable {
  readonly #options: RegistryOptions;
  readonly #repository: string;
  readonly #http: HttpClient;
  readonly #authorizer: Authorizer;
  readonly #scope: string;
  #base: Promise<URL> | undefined;

  constructor(options: RegistryOptions, repository: string) {
    this.#options = options;
    this.#repository = repository;
    this.#http = new HttpClient(options.policy);
    this.#authorizer = new Authorizer(this.#http, options.registry, options.credentials);
    this.#scope = `repository:${repository}:pull,push`;
  }

  /** @throws {ImageError} unauthorized, bad-status and of the connection */
  async hasBlob({ digest, size }: Pick<PushedBlob, 'digest' | 'size'>): Promise<boolean> {
    const response = await this.#send(await this.#url(`blobs/${digest}`), { method: 'HEAD' });
    response.body.resume();
    return response.status === 200 && Number(response.headers['content-length'] ?? size) === size;
  }

  /**
   * Uploads a blob in one piece.
   *
   * @param from another repository of the registry that may have it: then nothing is sent
   */
  async pushBlob(blob: PushedBlob, from?: string): Promise<'uploaded' | 'mounted'> {
    const what = `blob ${blob.digest}`;
    const mount = from === undefined || from === this.#repository ? '' : `?mount=${blob.digest}&from=${encodeURIComponent(from)}`;
    const begun = await this.#send(await this.#url(`blobs/uploads/${mount}`), { method: 'POST', headers: { 'content-length': '0' } });
    if (begun.status === 201) {
      begun.body.resume();
      return 'mounted';
    }
    const target = await this.#expectLocation(begun, what);
    target.searchParams.append('digest', blob.digest);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) };
    await this.#expect(await this.#send(target, { method: 'PUT', headers, body: () => blob.open() }), [201, 204], what);
    return 'uploaded';
  }

  /** Whether there is a manifest of that tag or digest. @throws as `hasBlob` */
  async hasManifest(name: string): Promise<boolean> {
    const headers = { accept: MANIFEST_MEDIA_TYPES.join(', ') };
    const response = await this.#send(await this.#url(`manifests/${name}`), { method: 'HEAD', headers });
    response.body.resume();
    return response.status === 200;
  }

  /** @param name a tag or the manifest's digest */
  async pushManifest(name: string, mediaType: string, { open, size }: PushedBlob): Promise<void> {
    const headers = { 'content-type': mediaType, 'content-length': String(size) };
    const url = await this.#url(`manifests/${name}`);
    const what = `manifest ${this.#options.registry}/${this.#repository} ${name}`;
    await this.#expect(await this.#send(url, { method: 'PUT', headers, body: () => open() }), [201], what);
  }

  async #url(path: string): Promise<URL> {
    const base = await (this.#base ??= findBase(this.#http, this.#options.registry));
    return new URL(`v2/${this.#repository}/${path}`, base);
  }

  /** Sends, answering a challenge of the registry once. An upload may go to another host: it gets no credentials. */
  async #send(url: URL, request: Request): Promise<HttpResponse> {
    const base = await this.#base;
    const own = url.origin === base?.origin;
    const response = await this.#http.send({ ...request, url, headers: this.#headers(request, own) });
    if (response.status !== 401 || !own || response.url.origin !== url.origin) return response;
    const challenge = response.headers['www-authenticate'];
    if (!(await this.#authorizer.answer(challenge, response.url, this.#scope))) return response;
    response.body.resume();
    return this.#http.send({ ...request, url, headers: this.#headers(request, own) });
  }

  #headers({ headers }: Request, own: boolean): Record<string, string> {
    const authorization = own ? this.#authorizer.header(this.#scope) : undefined;
    return { ...headers, ...(authorization === undefined ? {} : { authorization }) };
  }

  async #expect(response: HttpResponse, statuses: readonly number[], what: string): Promise<void> {
    if (!statuses.includes(response.status)) throw await registryError(response, what);
    response.body.resume();
  }

  async #expectLocation(response: HttpResponse, what: string): Promise<URL> {
    if (response.status !== 202) throw await registryError(response, what);
    response.body.resume();
    const target = URL.parse(response.headers.location ?? '', response.url);
    if (target !== null && /^https?:$/.test(target.protocol) && !(response.url.protocol === 'https:' && target.protocol === 'http:')) {
      return target;
    }
    throw new ImageError('bad-answer', `${what}: ${redactUrl(response.url)} does not say where to upload it to`);
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }
}
