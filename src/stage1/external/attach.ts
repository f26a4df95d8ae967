import type { AttachArgs, AttachPoint, FlavorContext } from '#stage1/abi';
import { crossOrFail, crossWithCaller } from './crossing.ts';

/** Runs the image's `attach` with the caller's streams. */
export async function attach(context: FlavorContext, { appName, points }: AttachArgs): Promise<void> {
  await crossWithCaller(context, { entrypoint: 'attach', app: appName, args: [...actionOf(points), ...appWords(appName)] });
}

export async function attachPoints(context: FlavorContext, appName: string): Promise<string> {
  return (await crossOrFail(context, { entrypoint: 'attach', app: appName, args: ['--action=list', ...appWords(appName)] })).trimEnd();
}

function appWords(app: string): string[] {
  return [`--app=${app}`, '--debug=false'];
}

function actionOf(points: readonly AttachPoint[] | undefined): string[] {
  if (points === undefined) return ['--action=auto-attach'];
  const all: readonly AttachPoint[] = ['tty-in', 'tty-out', 'stdin', 'stdout', 'stderr'];
  return ['--action=custom-attach', ...all.map((point) => `--${point}=${points.includes(point)}`)];
}
