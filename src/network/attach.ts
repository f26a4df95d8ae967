import type { NetInfo } from '#pod';
import { type Attachment, renderAttachment } from './attachments.ts';
import { type Address, type CniResult, dottedMask, isIpv4, parseCniResult } from './cni-result.ts';
import { NetworkError } from './errors.ts';
import { type PluginContext, runPlugin } from './plugin.ts';

/** An attachment that has come about. */
export interface Attached {
  readonly attachment: Attachment;
  readonly result: CniResult;
}

/** @throws {NetworkError} `plugin-failed`, `plugin-not-found`, `result-invalid`; the message names the network */
export async function attach(attachment: Attachment, context: PluginContext, warn: (text: string) => void): Promise<Attached> {
  const { conf } = attachment;
  try {
    const { stdout, stderr } = await runPlugin('ADD', plugin(attachment), context);
    if (stderr.trim() !== '') warn(stderr.trim());
    return { attachment, result: parseCniResult(stdout) };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const message = `error adding network ${JSON.stringify(conf.name)}: ${inTheWordsOfRkt(error.message, conf.name)}`;
    throw new NetworkError(error.code, message, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  }
}

/** @throws {NetworkError} */
export async function detach(attachment: Attachment, context: PluginContext): Promise<void> {
  await runPlugin('DEL', plugin(attachment), context);
}

function plugin({ conf, pluginPath }: Attachment): { type: string; input: string; path: string } {
  return { ...conf.plugins[0]!, path: pluginPath };
}

/** host-local once named the network, and programs look for that. */
function inTheWordsOfRkt(message: string, network: string): string {
  return message.replace(
    /requested IP address (\S+) is not available in range set \S+/,
    `requested IP address "$1" is not available in network: ${network}`,
  );
}

export function firstIpv4(result: CniResult): Address | undefined {
  return result.addresses.find(isIpv4);
}

export function netInfoOf({ attachment, result }: Attached): NetInfo {
  const address = firstIpv4(result) ?? result.addresses[0];
  if (address === undefined) return renderAttachment(attachment);
  return renderAttachment(attachment, address.ip, isIpv4(address) ? dottedMask(address.prefixLength) : '');
}
