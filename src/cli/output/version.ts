/** Of this rkt. */
export const RKT_VERSION = '2.0.0';

export interface VersionFacts {
  readonly appcVersion: string;
  readonly nodeVersion: string;
  /** As Node names them: `linux`, `x64`. */
  readonly platform: string;
  readonly arch: string;
}

const goArch: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/**
 * What `rkt version` prints. Programs read the first two lines, and the architecture, under the labels
 * rkt has always had; instead of Go's version there is Node's.
 */
export function versionText({ appcVersion, arch, nodeVersion, platform }: VersionFacts): string {
  return [
    `rkt Version: ${RKT_VERSION}`,
    `appc Version: ${appcVersion}`,
    `Node Version: ${nodeVersion}`,
    `Go OS/Arch: ${platform}/${goArch[arch] ?? arch}`,
    'Features: -TPM -SDJOURNAL',
    '',
  ].join('\n');
}
