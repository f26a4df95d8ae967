import { detach } from './attach.ts';
import { forgetAttachment, readAttachments, recallAttachment } from './attachments.ts';
import { NetworkError } from './errors.ts';
import { removeRules } from './packet-filter.ts';
import { leaveNames } from './pod-names.ts';
import { isNamespace, namespacePath, readNamespacePath, removePodNamespace } from './pod-namespace.ts';
import { guardRegistry, leaveRegistry } from './registry.ts';

export interface TearDownRequest {
  /** Absolute; where the pod is now. */
  readonly podDir: string;
  /** See {@link PluginContext.lockFd}. */
  readonly lockFd?: number;
  readonly uuid: string;
  readonly localConfigDir: string;
  /** Hears of each plugin before it runs. */
  readonly debug?: (text: string) => void;
  /**
   * Hears of a plugin that is asked no more, since it refused to attach the pod, and refuses to detach it too: one that
   * cannot make sense of its configuration or arguments never will. Absent: it will be asked again, some other day.
   */
  readonly giveUp?: (text: string) => void;
}

/**
 * Detaches a pod from its networks, in reverse order, and removes its namespace and all rules made for it.
 *
 * Goes by what is written in the pod alone, so it also undoes what was only half set up, and does nothing
 * the second time. A plugin that fails stops nothing: the rest is done, and the next call tries it again.
 *
 * @throws {NetworkError} `tear-down-failed` naming everything that could not be undone
 */
export async function tearDownNetwork(request: TearDownRequest): Promise<void> {
  const { podDir, lockFd, uuid, localConfigDir, debug = () => {}, giveUp } = request;
  const recordedPath = readNamespacePath(podDir);
  const attachments = readAttachments(podDir);
  if (recordedPath === '' && attachments.length === 0) return;
  const path = isNamespace(recordedPath) ? recordedPath : namespacePath(uuid);
  const netns = isNamespace(path) ? path : '';
  const failures: string[] = [];
  const attempt = async (what: string, body: () => void | Promise<void>): Promise<void> => {
    try {
      await body();
    } catch (error) {
      failures.push(`${what}: ${(error as Error).message}`);
    }
  };
  const giveUpOr = (refusal: NetworkError, network: string): void => {
    if (giveUp === undefined) throw refusal;
    giveUp(`network ${JSON.stringify(network)}: its plugin refused the pod, and is asked no more: ${refusal.message}`);
  };
  for (const recorded of attachments.reverse()) {
    await attempt(`error deleting ${JSON.stringify(recorded.netName)}`, async () => {
      const attachment = recallAttachment(recorded, localConfigDir);
      const { conf, ifName, args } = attachment;
      for (const { type } of conf.plugins) debug(`teardown - executing net-plugin ${type}`);
      const context = { podDir, lockFd, uuid, localConfigDir, netns, ifName, args };
      using _guard = guardRegistry([conf]);
      const [refusal] = await detach(attachment, context);
      if (refusal !== undefined) giveUpOr(refusal, conf.name);
      leaveRegistry(attachment, context);
      forgetAttachment(podDir, attachment);
    });
  }
  await attempt('error removing the names of the pod', () => leaveNames({ podDir, uuid }));
  await attempt('error removing packet filter rules', () => removeRules({ podDir, uuid, lockFd }));
  await attempt(`error removing the network namespace ${path}`, () => removePodNamespace(path));
  if (failures.length > 0) throw new NetworkError('tear-down-failed', failures.join('; '));
}
