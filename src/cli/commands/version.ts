import { AC_VERSION } from '#appc';
import type { Command } from '../command.ts';
import { versionText } from '../output/version.ts';

/** `rkt version` */
export const execute: Command = async () => {
  const { arch, platform, version } = process;
  return { stdout: versionText({ appcVersion: AC_VERSION, nodeVersion: version, platform, arch }), exitCode: 0 };
};
