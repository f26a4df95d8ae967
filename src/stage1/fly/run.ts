import { readFileSync, writeFileSync } from 'node:fs';
import { type FlavorContext, type RunArgs, stage1Layout } from '#stage1/abi';
import { planApp } from '#stage1/apps';
import { becomeProcess, unshareMounts, writeFileAtomic } from '#sys';
import { mountForApp } from './app-mounts.ts';
import { FlyError } from './errors.ts';
import { type PodApp, readPodApp } from './pod-app.ts';

/** Relative to the pod: the process group of the app. */
const PGID = 'pgid';

/** Becomes the app, with its files as root directory and everything else of the host. The apps' trees are mounted. */
export async function run(context: FlavorContext, args: RunArgs): Promise<never> {
  const { lockFd, podDir, warn } = context;
  if (args.privateUsers !== '') throw new FlyError('unsupported', 'fly has no user namespaces');
  const pod = readPodApp(podDir);
  tellOfIgnored(pod, args, warn);
  if (context.hasMounts !== true) unshareMounts();
  const plan = planApp({ ...pod, warn, ...(args.debug ? { debug: warn } : {}), ...terminal() });
  mountForApp(pod, plan, args.dnsConfMode);
  writeFileSync(`${podDir}/${PGID}`, String(processGroup()));
  writeFileAtomic(`${podDir}/${stage1Layout.pid}`, String(process.pid));
  const [path = ''] = plan.args;
  const user = { uid: plan.uid, gid: plan.gid, groups: plan.supplementaryGids };
  return becomeProcess({ path, argv: plan.args, env: Object.fromEntries(plan.environment), root: pod.rootfs, cwd: plan.cwd, user, keepFds: [lockFd] });
}

/** The app has the caller's streams. */
function terminal(): { terminal?: string } {
  const term = process.env['TERM'];
  return term === undefined ? {} : { terminal: term };
}

function tellOfIgnored({ app, manifest }: PodApp, args: RunArgs, warn: (text: string) => void): void {
  const ignored = [
    ...(args.hostname === '' ? [] : ['--hostname']),
    ...(args.mdsToken === undefined ? [] : ['--mds-register']),
    ...((manifest.ports ?? []).length === 0 ? [] : ['--port']),
    ...(app.app?.isolators ?? []).map(({ name }) => `isolator ${name}`),
  ];
  for (const what of ignored) warn(`run: warning: ${what} has no effect with stage1-fly`);
}

/** proc(5), stat: the second field is a name in parentheses and may hold anything. */
function processGroup(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}
