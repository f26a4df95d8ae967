import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file of the site, or what answers in its place. */
export type SiteFile = string | Buffer | ((request: IncomingMessage, response: ServerResponse) => void);

/** A web server with TLS at port 443 of an address of the loopback that is its own: names there can be discovered. */
export interface AciSite extends AsyncDisposable {
  /** `127.x.y.z`: the first part of a name. */
  readonly host: string;
  readonly origin: string;
  /** `host`, and the port where it is not 443. */
  readonly domain: string;
  /** The file of its certificate, which vouches for itself. */
  readonly certificate: string;
  /** Path with its leading slash and without a query → what is there. */
  readonly files: Map<string, SiteFile>;
  /** `METHOD path?query`, in the order they came. */
  readonly requests: string[];
  /** The page at a path offers images, and keys where they are given, for the names below `host`. */
  discover(path: string, templates: readonly string[], keys?: readonly string[]): void;
}

export async function startAciSite(port = 443): Promise<AciSite> {
  const work = mkdtempSync(join(tmpdir(), 'rkt-site-'));
  const part = (): number => 1 + Math.floor(Math.random() * 254);
  const host = `127.${part()}.${part()}.${part()}`;
  const files = new Map<string, SiteFile>();
  const requests: string[] = [];
  const server = createServer(makeCertificate(work, host), (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const file = files.get(request.url!.split('?')[0]!);
    if (file === undefined) response.writeHead(404).end();
    else if (typeof file === 'function') file(request, response);
    else response.end(file);
  }).listen(port, host);
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  const { port: own } = server.address() as AddressInfo;
  const domain = own === 443 ? host : `${host}:${own}`;
  return {
    host,
    origin: `https://${domain}`,
    domain,
    certificate: join(work, 'cert.pem'),
    files,
    requests,
    discover(path, templates, keys = []) {
      const tags = [...templates.map((text) => ['ac-discovery', text]), ...keys.map((text) => ['ac-discovery-pubkeys', text])];
      files.set(path, `<!doctype html>${tags.map(([name, text]) => `<meta name="${name}" content="${host} ${text}">`).join('\n')}`);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(work, { recursive: true });
    },
  };
}

function makeCertificate(directory: string, host: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=IP:${host}`];
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore', timeout: 30_000 });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
