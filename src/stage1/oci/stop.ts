import { existsSync } from 'node:fs';
import { messageOf } from '#errors';
import { podFiles } from '#pod';
import type { FlavorContext, StopArgs } from '#stage1/abi';
import { OciStage1Error } from './errors.ts';
import { findPodProcesses } from './supervisor-process.ts';

/** SIGRTMIN+3, "halt" to an init (systemd(1), SIGNALS), by number: libraries count SIGRTMIN differently. */
const SIGNAL_HALT = 37;

/**
 * Asks the pod's supervisor to end the apps in an orderly way; it then exits with 0. `force`: kills the
 * pod's init, and with it every app, and the supervisor. Where it does not come to that, as a plugin of a network hangs,
 * the plugin is ended: at once by `force`, else when its rkt has ended.
 *
 * @throws {OciStage1Error} 'not-running'
 */
export async function stop({ podDir, warn }: FlavorContext, args: StopArgs): Promise<void> {
  const { supervisor, init } = findPodProcesses(podDir);
  const plugins = supervisor === undefined || init === undefined ? await pluginsOf(podDir, args.uuid) : [];
  if (supervisor === undefined && plugins.length === 0) {
    throw new OciStage1Error('not-running', `cannot stop pod "${args.uuid}": it is not running`);
  }
  await forgetNames(podDir, args.uuid, warn);
  if (supervisor !== undefined && !args.force) return signal(supervisor, SIGNAL_HALT);
  // Plugins last: rkt would take the end of one for its answer.
  for (const pid of [init, supervisor, ...plugins]) if (pid !== undefined) signal(pid, args.force ? 'SIGKILL' : 'SIGTERM');
}

async function pluginsOf(podDir: string, uuid: string): Promise<number[]> {
  if (!existsSync(`${podDir}/${podFiles.net}`)) return [];
  const { workingPlugins } = await import('#network');
  return workingPlugins(podDir, uuid);
}

/** Others are not to find on a network what is about to end. That this fails keeps nothing from ending. */
async function forgetNames(podDir: string, uuid: string, warn: (text: string) => void): Promise<void> {
  if (!existsSync(`${podDir}/${podFiles.netNames}`)) return;
  const { leaveNames } = await import('#network');
  await leaveNames({ podDir, uuid }).catch((error: unknown) => warn(`stop: ${messageOf(error)}`));
}

function signal(pid: number, name: NodeJS.Signals | number): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
