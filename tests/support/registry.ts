import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './run.ts';

/** Debian's docker-registry, without TLS, on a free port of the loopback. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Pushes the image of an OCI layout; gives its name, `127.0.0.1:PORT/NAME:TAG`. */
  push(layout: string, name: string, tag?: string): Promise<string>;
}

const START_TIMEOUT = 20_000;

export async function startRegistry(): Promise<Registry> {
  const work = mkdtempSync(join(tmpdir(), 'rkt-registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  const configuration = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(work, 'storage') }, delete: { enabled: true } },
    http: { addr: address },
  };
  // JSON is YAML.
  writeFileSync(join(work, 'config.yml'), JSON.stringify(configuration));
  const server = spawn('docker-registry', ['serve', join(work, 'config.yml')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()).once('error', () => resolve()));
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    await ended;
    rmSync(work, { recursive: true, force: true });
  };
  try {
    await untilAnswering(`http://${address}/v2/`, () => complaints);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, push: (layout, name, tag = 'latest') => push(address, layout, name, tag), [Symbol.asyncDispose]: stop };
}

async function push(address: string, layout: string, name: string, tag: string): Promise<string> {
  const image = `${address}/${name}:${tag}`;
  const options = ['copy', '--quiet', '--insecure-policy', '--dest-tls-verify=false', '--preserve-digests'];
  const result = await run('skopeo', [...options, `oci:${layout}`, `docker://${image}`], { timeout: 300_000 });
  if (result.status !== 0) throw new Error(`skopeo could not push ${image}: ${result.output}`);
  return image;
}

async function untilAnswering(url: string, complaints: () => string): Promise<void> {
  const end = Date.now() + START_TIMEOUT;
  for (;;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
      if (response.ok) return;
    } catch {
      // Not listening yet.
    }
    if (Date.now() > end) throw new Error(`docker-registry does not answer at ${url}: ${complaints()}`);
    await sleep(50);
  }
}

/** A port of the loopback that nobody listens on at this moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
