import type { RunArgs } from '#stage1/abi';
import { OciStage1Error } from './errors.ts';

/** What goes into the hosts file and, up to HOST_NAME_MAX, to the kernel. */
const HOSTNAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Turns away what this flavor cannot do, before anything is made. @throws {OciStage1Error} */
export function refuseUnsupported(args: RunArgs): void {
  if (args.hostname !== '' && !HOSTNAME.test(args.hostname)) {
    throw new OciStage1Error('bad-hostname', `hostname ${JSON.stringify(args.hostname)} is not a name of up to 64 characters`, {
      hint: 'it may have letters, digits, "-", "_" and "."',
    });
  }
}
