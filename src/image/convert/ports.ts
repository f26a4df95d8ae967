import { type Port, sanitizeAcName } from '#appc';
import { ImageError } from '../image-error.ts';

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(\w+))?$/;

/** Ports for the `ExposedPorts` of an OCI configuration, `80`, `80/tcp` or `8000-8010/udp`, sorted by name. */
export function planPorts(exposed: readonly string[]): Port[] {
  return exposed.map(parsePort).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function parsePort(text: string): Port {
  const match = PORT.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? first);
  if (match === null || first < 1 || last < first || last > 65535) {
    throw new ImageError('unsupported-image', `the image exposes "${text}", which is no port`);
  }
  const port = { name: sanitizeAcName(text), protocol: match[3] ?? 'tcp', port: first };
  return last === first ? port : { ...port, count: last - first + 1 };
}
