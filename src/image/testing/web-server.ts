import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { runProgramSync } from '#sys';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An address of the loopback, and a port; 0: any. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** A web server of this machine that behaves as a test tells it to, and remembers what it was asked. */
export class WebServer implements AsyncDisposable {
  readonly requests: IncomingMessage[] = [];
  readonly #server: Server;
  readonly origin: string;
  readonly host: string;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    const { address, port } = server.address() as AddressInfo;
    this.host = port === (scheme === 'https' ? 443 : 80) ? address : `${address}:${port}`;
    this.origin = `${scheme}://${this.host}`;
    server.on('request', (request: IncomingMessage) => this.requests.push(request));
  }

  static async start(handler: Handler, place: Place = { address: '127.0.0.1', port: 0 }): Promise<WebServer> {
    const server = createServer(handler).listen(place.port, place.address);
    await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
    return new WebServer(server, 'http');
  }

  /**
   * With a certificate that nobody trusts, made in `directory`.
   *
   * @param place an address of the loopback; a name can be discovered at port 443 only
   */
  static async startSecure(directory: string, handler: Handler, place: Place = { address: '127.0.0.1', port: 0 }): Promise<WebServer> {
    const [key, cert] = [`${directory}/key.pem`, `${directory}/cert.pem`];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', `subjectAltName=IP:127.0.0.1,IP:${place.address}`, '-days', '2'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const made = runProgramSync('/usr/bin/openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert]);
    if (made.status !== 0) throw new Error(made.stderr);
    const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, handler).listen(place.port, place.address);
    await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
    return new WebServer(server as unknown as Server, 'https');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A port at an address of the loopback that no other test has: names are discovered at 443 and 80 only. */
export function discoverablePlace(port = 443): Place {
  const part = (): number => 1 + Math.floor(Math.random() * 254);
  return { address: `127.${part()}.${part()}.${part()}`, port };
}
