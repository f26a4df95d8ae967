import type { Engine, TrustRequest } from '#stage0';
import { attempt, badRequest } from '../cli-error.ts';
import { type Command, type CommandContext, type Outcome, showUsage } from '../command.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import type { Format } from '../output/pod-list.ts';

const unbounded = `aborting due to implicit unbounded trust (root domain)
Please provide a specific domain prefix to trust:
    rkt trust --prefix "example.com/foo" [PUBKEY]
    rkt trust --prefix "example.com/foo/*" [PUBKEY]
Otherwise, trust at the root domain (not recommended) must be explicitly requested:
    rkt trust --root PUBKEY`;

/** `rkt trust --prefix=PREFIX [PUBKEY…]`, `rkt trust --list`, `rkt trust --remove=FINGERPRINT`. */
export const execute: Command = async (context) => {
  const { flags } = context.line;
  checkPlace(flags);
  const fingerprint = flags.optional('remove');
  if (flags.bool('list')) return await list(context);
  if (fingerprint !== undefined) return await remove(context, fingerprint);
  return await add(context);
};

function checkPlace(flags: FlagValues): void {
  const prefix = flags.optional('prefix');
  if (prefix !== undefined && flags.bool('root')) throw badRequest('--root and --prefix usage mutually exclusive');
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//.exec(prefix ?? '')?.[1];
  if (scheme !== undefined) throw badRequest(`--prefix must not contain a URL scheme, omit ${scheme}://`);
}

async function add(context: CommandContext): Promise<Outcome> {
  const { args: keys, flags } = context.line;
  const prefix = flags.optional('prefix');
  const root = flags.bool('root');
  const sigstore = sigstoreOptions(flags, keys);
  if (prefix === undefined && !root) {
    if (keys.length > 0 || sigstore !== undefined) throw badRequest(unbounded);
    return await showUsage(context);
  }
  if (root && keys.length === 0 && sigstore === undefined) {
    throw badRequest('--root needs the path of a key: there is nothing to discover it by');
  }
  const engine = await context.engine();
  await attempt('error adding keys', () =>
    engine.trust({
      prefix,
      keys,
      ...(sigstore !== undefined && { sigstore }),
      skipFingerprintReview: flags.bool('skip-fingerprint-review'),
      insecureAllowHttp: flags.bool('insecure-allow-http'),
    }),
  );
  return { exitCode: 0 };
}

function sigstoreOptions(flags: FlagValues, keys: readonly string[]): TrustRequest['sigstore'] {
  const [root, identity, issuer] = ['sigstore-root', 'identity', 'issuer'].map((name) => flags.optional(name));
  if (root === undefined && identity === undefined && issuer === undefined) return undefined;
  if (!root || !identity || !issuer) throw badRequest('--sigstore-root, --identity and --issuer belong together');
  if (keys.length > 0) throw badRequest('either keys or --sigstore-root');
  return { root, identity, issuer };
}

async function list({ engine, line: { flags } }: CommandContext): Promise<Outcome> {
  const { trustListText } = await import('../output/trust-list.ts');
  return { stdout: trustListText(await (await engine()).trusted(), flags.text('format') as Format), exitCode: 0 };
}

async function remove({ engine, line: { flags } }: CommandContext, fingerprint: string): Promise<Outcome> {
  const prefix = flags.optional('prefix');
  const only = flags.bool('root') ? 'root' : prefix === undefined ? undefined : { prefix };
  const request: Parameters<Engine['untrust']>[0] = { fingerprint, ...(only !== undefined && { only }) };
  const removals = await (await engine()).untrust(request);
  if (removals.length === 0) return { stdout: `"${fingerprint}" is not trusted${placeText(only)}: nothing to remove\n`, exitCode: 0 };
  const lines = removals.map(({ outcome, path, prefix: place }) => {
    const what = place === undefined ? 'root key' : `key for prefix "${place}"`;
    return outcome === 'removed' ? `Removed ${what} at "${path}"\n` : `Masked ${what} by "${path}"\n`;
  });
  return { stdout: lines.join(''), exitCode: 0 };
}

function placeText(only: 'root' | { readonly prefix: string } | undefined): string {
  if (only === undefined) return '';
  return only === 'root' ? ' as a root key' : ` for prefix "${only.prefix}"`;
}
