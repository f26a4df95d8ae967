import type { AppArgs, FlavorContext } from '#stage1/abi';
import { askSupervisor } from './control.ts';
import { OciStage1Error } from './errors.ts';

/** @throws {OciStage1Error} 'not-running' */
export async function stopApp({ podDir }: FlavorContext, { appName }: AppArgs): Promise<void> {
  const answer = await askSupervisor(podDir, ['stop', appName]);
  if (answer !== 'ok' && answer !== 'absent') throw new OciStage1Error('app-running', answer);
}
