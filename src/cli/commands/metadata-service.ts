import { metadataSocket } from '../engine.ts';
import type { Command } from '../command.ts';
import { invalidValue } from '../requests/flag-text.ts';

/** `rkt metadata-service`: serves until SIGINT or SIGTERM. */
export const execute: Command = async ({ environment, line: { flags }, say }) => {
  const { serveMetadata } = await import('#services/metadata');
  const until = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  const port = flags.text('listen-port');
  if (Number(port) < 0 || Number(port) > 65535) throw invalidValue('listen-port', port, 'a port is 0 to 65535');
  const log = (text: string): void => say({ stream: 'stderr', text: `${text}\n` });
  await serveMetadata({ socket: metadataSocket(environment), port: Number(port), log, environment, until });
  return { exitCode: 0 };
};
