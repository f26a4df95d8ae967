import { attempt, badRequest } from '../cli-error.ts';
import { type Command, showUsage } from '../command.ts';

const unbounded = `aborting due to implicit unbounded trust (root domain)
Please provide a specific domain prefix to trust:
    rkt trust --prefix "example.com/foo" [PUBKEY]
    rkt trust --prefix "example.com/foo/*" [PUBKEY]
Otherwise, trust at the root domain (not recommended) must be explicitly requested:
    rkt trust --root PUBKEY`;

/** `rkt trust --prefix=PREFIX [PUBKEY…]` */
export const execute: Command = async (context) => {
  const { args: keys, flags } = context.line;
  const prefix = flags.optional('prefix');
  const root = flags.bool('root');
  if (prefix === undefined && !root) {
    if (keys.length > 0) throw badRequest(unbounded);
    return await showUsage(context);
  }
  if (prefix !== undefined && root) throw badRequest('--root and --prefix usage mutually exclusive');
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//.exec(prefix ?? '')?.[1];
  if (scheme !== undefined) throw badRequest(`--prefix must not contain a URL scheme, omit ${scheme}://`);
  if (root && keys.length === 0) throw badRequest('--root needs the path of a key: there is nothing to discover it by');
  const engine = await context.engine();
  await attempt('error adding keys', () =>
    engine.trust({
      prefix,
      keys,
      skipFingerprintReview: flags.bool('skip-fingerprint-review'),
      insecureAllowHttp: flags.bool('insecure-allow-http'),
    }),
  );
  return { exitCode: 0 };
};
