import { metadataSocket } from '../engine.ts';
import type { Command } from '../command.ts';

/** `rkt metadata-service`: serves until SIGINT or SIGTERM. */
export const execute: Command = async ({ environment, line: { flags }, say }) => {
  const { serveMetadata } = await import('#services/metadata');
  const until = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  const log = (text: string): void => say({ stream: 'stderr', text: `${text}\n` });
  await serveMetadata({ socket: metadataSocket(environment), port: Number(flags.text('listen-port')), log, environment, until });
  return { exitCode: 0 };
};
