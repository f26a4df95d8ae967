import { messageOf } from '#errors';
import { NetworkError } from './errors.ts';
import { loadNetworks } from './load-networks.ts';
import { isCollected, lockForCollection, readRegistry } from './registry.ts';
import { runPluginForNetwork } from './plugin.ts';

/**
 * Lets the plugins of every configured network that supports it give up what no attachment needs any more
 * (CNI spec 1.1, "GC"). Left for another time while plugins run for such a network.
 *
 * @throws {NetworkError} `tear-down-failed` naming every plugin that failed
 */
export async function collectNetworks(localConfigDir: string): Promise<void> {
  const networks = loadNetworks({ kind: 'contained', all: true, names: [] }, localConfigDir).filter(({ conf }) => isCollected(conf));
  if (networks.length === 0) return;
  using lock = lockForCollection();
  if (lock === undefined) return;
  const failures: string[] = [];
  for (const { conf } of networks) {
    const attachments = { 'cni.dev/valid-attachments': readRegistry(conf.name) };
    for (const plugin of conf.plugins) {
      await runPluginForNetwork('GC', { type: plugin.type, input: plugin.input(attachments) }, localConfigDir).catch(
        (error: unknown) => failures.push(`error collecting ${JSON.stringify(conf.name)}: ${messageOf(error)}`),
      );
    }
  }
  if (failures.length > 0) throw new NetworkError('tear-down-failed', failures.join('; '));
}
