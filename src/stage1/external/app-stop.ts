import type { AppArgs, FlavorContext } from '#stage1/abi';
import { cross, failure } from './crossing.ts';

/** What an image's `app/stop` exits with where the app does not run; systemctl(1) does. */
const NOT_RUNNING = 5;

/** Runs the image's `app/stop`. */
export async function stopApp(context: FlavorContext, { appName, debug }: AppArgs): Promise<void> {
  const { status, stderr, stdout } = await cross(context, { entrypoint: 'appStop', app: appName, args: [`--debug=${debug}`, `--app=${appName}`] });
  if (status !== 0 && status !== NOT_RUNNING) throw failure(status, `${stdout}\n${stderr}`);
}
