import type { AttachPoint } from '#stage0';
import { badRequest } from '../cli-error.ts';
import { type Command, showUsage } from '../command.ts';
import { parseDetachKeys } from '../requests/detach-keys.ts';
import { appFlag } from '../requests/app-of-pod.ts';
import { withPod } from '../requests/pod-argument.ts';

/** `rkt attach UUID` */
export const execute: Command = async (context) => {
  const { args, flags } = context.line;
  const [pod, more] = args;
  if (pod === undefined || more !== undefined) return await showUsage(context);
  const app = appFlag(flags);
  const mode = flags.text('mode');
  const engine = await context.engine();
  if (mode === 'list') {
    return { stdout: `${await withPod('problem retrieving pod', () => engine.attachPoints(pod, app))}\n`, exitCode: 0 };
  }
  const request = { pod, app, points: attachPointsOf(mode), detachKeys: parseDetachKeys(flags.text('detach-keys')) };
  const caller = await context.attachedCaller();
  await withPod('problem retrieving pod', () => engine.attach(request, caller));
  return { exitCode: 0 };
};

const POINTS: Readonly<Record<string, readonly AttachPoint[]>> = {
  stdin: ['stdin'],
  stdout: ['stdout'],
  stderr: ['stderr'],
  tty: ['tty-in', 'tty-out'],
  'tty-in': ['tty-in'],
  'tty-out': ['tty-out'],
};

/** Undefined: all there are. */
export function attachPointsOf(mode: string): readonly AttachPoint[] | undefined {
  if (mode === 'auto' || mode === '') return undefined;
  const points = mode.split(',').map((name) => (Object.hasOwn(POINTS, name) ? POINTS[name]! : undefined));
  const unknown = points.indexOf(undefined);
  if (unknown !== -1) throw badRequest(`invalid attach mode: unknown endpoint ${JSON.stringify(mode.split(',')[unknown])}`);
  const all = [...new Set(points.flatMap((point) => point ?? []))];
  if (all.some((point) => point.startsWith('tty')) && all.some((point) => point.startsWith('std'))) {
    throw badRequest(`invalid attach mode: incompatible endpoints ${JSON.stringify(mode)}, cannot simultaneously attach TTY and streams`);
  }
  return all;
}
