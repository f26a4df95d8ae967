import type { NetInfo } from '#pod';
import { type Attachment, markRefused, readRefusal, readResult, renderAttachment, writeResult } from './attachments.ts';
import { lockBridgeCreation } from './bridge-creation.ts';
import { runtimeConfigOf } from './capability-args.ts';
import { type Address, type CniResult, dottedMask, isIpv4, parseCniResult } from './cni-result.ts';
import { isAtLeast } from './cni-version.ts';
import { NetworkError } from './errors.ts';
import type { Json, PluginConf } from './network-conf.ts';
import { type PluginContext, type PluginRun, runPlugin } from './plugin.ts';
import { shown } from './shown.ts';

/** An attachment that has come about. */
export interface Attached {
  readonly attachment: Attachment;
  readonly result: CniResult;
}

/**
 * Runs the plugins of a network, each told what the ones before it answered.
 *
 * @throws {NetworkError} `plugin-failed`, `plugin-not-found`, `result-invalid`; the message names the network
 */
export async function attach(attachment: Attachment, context: PluginContext, warn: (text: string) => void): Promise<Attached> {
  const { conf } = attachment;
  try {
    const answer = await addAll(attachment, context, warn);
    return { attachment, result: parseCniResult(answer) };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const message = `error adding network ${JSON.stringify(conf.name)}: ${inTheWordsOfRkt(error.message, conf.name)}`;
    throw new NetworkError(error.code, message, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  }
}

async function addAll(attachment: Attachment, context: PluginContext, warn: (text: string) => void): Promise<string> {
  let answer = '';
  for (const [index, plugin] of attachment.conf.plugins.entries()) {
    const adding = addOne(planRun(attachment, plugin, answer), plugin, context);
    const { stdout, stderr } = await adding.catch((error: unknown) => {
      markRefused(context.podDir, attachment, index);
      throw error;
    });
    if (stderr.trim() !== '') warn(shown(stderr));
    answer = answerOf(plugin, stdout) || answer;
    // After each: should the machine crash before the next, what this one did is undone by what it said.
    if (answer !== '' && isToldAgain(attachment)) writeResult(context.podDir, attachment, answer);
  }
  return answer;
}

async function addOne(run: PluginRun, { bridge }: PluginConf, context: PluginContext): Promise<{ stdout: string; stderr: string }> {
  using _ = lockBridgeCreation(bridge);
  return await runPlugin('ADD', run, context);
}

function answerOf(plugin: PluginConf, stdout: string): string {
  try {
    parseCniResult(stdout);
    return stdout.trim();
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw new NetworkError(error.code, `plugin ${plugin.type}: ${error.message}`, { cause: error });
  }
}

/** Whether DEL and CHECK are told the result: older plugins know of none, and a lone one is to read the bytes of its file. */
function isToldAgain({ conf }: Attachment): boolean {
  return isAtLeast(conf.cniVersion, '0.4.0');
}

/**
 * Runs the plugins in reverse, up to one that fails. One that had refused to attach the pod keeps nothing of it: should it
 * fail again, the others have their turn, and what it says is given.
 *
 * @throws {NetworkError} of the one that fails
 */
export async function detach(attachment: Attachment, context: PluginContext): Promise<NetworkError[]> {
  const answer = isToldAgain(attachment) ? readResult(context.podDir, attachment) : '';
  const refused = readRefusal(context.podDir, attachment);
  const refusals: NetworkError[] = [];
  for (const [index, plugin] of [...attachment.conf.plugins.entries()].reverse()) {
    try {
      await runPlugin('DEL', planRun(attachment, plugin, answer), context);
    } catch (error) {
      if (index < refused || !(error instanceof NetworkError)) throw error;
      refusals.push(error);
    }
  }
  return refusals;
}

/**
 * Asks the plugins, in the order of attaching, whether all is as they left it. False where nobody was asked:
 * CHECK came with CNI 0.4, and a network may rule it out.
 *
 * @throws {NetworkError} of the first that finds something missing
 */
export async function checkAttachment(attachment: Attachment, context: PluginContext): Promise<boolean> {
  const { conf } = attachment;
  const answer = readResult(context.podDir, attachment);
  if (!conf.checks || answer === '' || !isToldAgain(attachment)) return false;
  for (const plugin of conf.plugins) await runPlugin('CHECK', planRun(attachment, plugin, answer), context);
  return true;
}

function planRun({ conf, pluginPath, capabilityArgs, hostMasquerades }: Attachment, plugin: PluginConf, prevResult: string): PluginRun {
  const additions: Json = {
    ...(hostMasquerades === true && plugin.ipMasq ? { ipMasq: false } : {}),
    ...runtimeConfigOf(plugin, capabilityArgs),
    ...(prevResult === '' ? {} : { prevResult: JSON.parse(prevResult) as unknown }),
  };
  return { type: plugin.type, path: plugin === conf.plugins[0] ? pluginPath : '', input: plugin.input(additions) };
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
