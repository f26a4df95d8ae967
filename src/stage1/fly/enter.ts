import type { EnterArgs, FlavorContext } from '#stage1/abi';
import { findAppProgram, planEnvironment, planUser } from '#stage1/apps';
import { becomeProcess } from '#sys';
import { readPodApp } from './pod-app.ts';

/** Becomes a command with the app's root directory, environment and user. Among the pod's mounts. */
export async function enter({ podDir }: FlavorContext, { command }: EnterArgs): Promise<never> {
  const pod = readPodApp(podDir);
  const term = process.env['TERM'];
  const environment = planEnvironment({ appName: pod.app.name, environment: pod.app.app?.environment ?? [], ...(term !== undefined && { terminal: term }) });
  const [program = '', ...args] = command;
  const path = findAppProgram(pod.rootfs, program, '/', environment.get('PATH'));
  const { gid, supplementaryGids, uid } = planUser(pod);
  return becomeProcess({ path, argv: [path, ...args], env: Object.fromEntries(environment), root: pod.rootfs, cwd: '/', user: { uid, gid, groups: supplementaryGids } });
}
