import { messageOf } from '#errors';
import { checkAttachment } from './attach.ts';
import { readAttachments, recallAttachment } from './attachments.ts';
import { isNamespace, readNamespacePath } from './pod-namespace.ts';
import type { TearDownRequest } from './tear-down-network.ts';

export interface NetworkCheck {
  readonly network: string;
  readonly ifName: string;
  /** `unknown`: its configuration is older than CHECK, or rules it out. */
  readonly state: 'ok' | 'broken' | 'unknown';
  /** What the plugin said of what is broken. */
  readonly problem?: string;
}

/** Asks the plugins of a running pod whether its networks are as they left them (CNI spec, "CHECK"). */
export async function checkNetwork(request: TearDownRequest): Promise<NetworkCheck[]> {
  const { podDir, lockFd, uuid, localConfigDir } = request;
  const path = readNamespacePath(podDir);
  const netns = isNamespace(path) ? path : '';
  const checks: NetworkCheck[] = [];
  for (const recorded of readAttachments(podDir)) {
    const { netName: network, ifName, args } = recorded;
    try {
      const asked = await checkAttachment(recallAttachment(recorded, localConfigDir), { podDir, lockFd, uuid, localConfigDir, netns, ifName, args });
      checks.push({ network, ifName, state: asked ? 'ok' : 'unknown' });
    } catch (error) {
      checks.push({ network, ifName, state: 'broken', problem: messageOf(error) });
    }
  }
  return checks;
}
