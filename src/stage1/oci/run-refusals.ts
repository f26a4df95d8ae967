import type { RunArgs } from '#stage1/abi';
import { OciStage1Error } from './errors.ts';

/** HOST_NAME_MAX. */
const MAX_HOSTNAME = 64;

/** Turns away what this flavor cannot do, before anything is made. @throws {OciStage1Error} */
export function refuseUnsupported(args: RunArgs): void {
  if (args.hostname.length > MAX_HOSTNAME || args.hostname.includes('/')) {
    throw new OciStage1Error('bad-hostname', `hostname "${args.hostname}" is not a name of up to ${MAX_HOSTNAME} characters`);
  }
}
