import { appcPlatform, type GoPlatform } from '#appc';

/** Node's names of architectures where they differ from those of OCI (which are Go's). */
const ARCHITECTURES: Readonly<Record<string, Omit<GoPlatform, 'os'>>> = {
  x64: { architecture: 'amd64' },
  ia32: { architecture: '386' },
  arm64: { architecture: 'arm64', variant: 'v8' },
  arm: { architecture: 'arm', variant: 'v7' },
  ppc64: { architecture: 'ppc64le' },
};

/** This machine as an OCI image index names platforms. */
export function machinePlatform(arch: string = process.arch): GoPlatform {
  return { os: 'linux', ...(ARCHITECTURES[arch] ?? { architecture: arch }) };
}

/** This machine's `arch` label; undefined where appc has no word for it. */
export function machineArchLabel(arch: string = process.arch): string | undefined {
  try {
    return appcPlatform(machinePlatform(arch)).arch;
  } catch {
    return undefined;
  }
}
