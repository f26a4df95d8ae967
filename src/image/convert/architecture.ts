import { ImageError } from '../image-error.ts';

/** Names of one architecture: Node's, OCI's (Go's) with its variant, and appc's. */
interface Names {
  readonly node: string;
  readonly oci: string;
  readonly variant?: string;
  readonly appc: string;
}

const LINUX: readonly Names[] = [
  { node: 'x64', oci: 'amd64', appc: 'amd64' },
  { node: 'ia32', oci: '386', appc: 'i386' },
  { node: 'arm64', oci: 'arm64', appc: 'aarch64' },
  { node: 'arm', oci: 'arm', variant: 'v7', appc: 'armv7l' },
  { node: '', oci: 'arm', variant: 'v6', appc: 'armv6l' },
  { node: '', oci: 'arm', appc: 'armv6l' },
  { node: '', oci: 'ppc64', appc: 'ppc64' },
  { node: 'ppc64', oci: 'ppc64le', appc: 'ppc64le' },
  { node: 's390x', oci: 's390x', appc: 's390x' },
  { node: 'riscv64', oci: 'riscv64', appc: 'riscv64' },
  { node: 'loong64', oci: 'loong64', appc: 'loong64' },
];

/** This machine as an OCI platform names it. */
export function machineArchitecture(arch: string = process.arch): { architecture: string; variant?: string } {
  const names = LINUX.find((entry) => entry.node === arch);
  if (names === undefined) return { architecture: arch };
  return names.variant === undefined ? { architecture: names.oci } : { architecture: names.oci, variant: names.variant };
}

/** This machine as appc's `arch` label names it. */
export function appcMachine(arch: string = process.arch): string {
  return LINUX.find((entry) => entry.node === arch)?.appc ?? arch;
}

/** appc's `arch` label for an OCI platform of linux. @throws {ImageError} unsupported-image */
export function appcArchitecture(os: string, architecture: string, variant?: string): string {
  const known = LINUX.filter((entry) => entry.oci === architecture);
  const names = known.find((entry) => entry.variant === variant) ?? known.find((entry) => entry.variant === undefined) ?? known[0];
  if (os !== 'linux' || names === undefined) {
    throw new ImageError('unsupported-image', `the image is for ${os}/${architecture}, not for linux on a known machine`);
  }
  return names.appc;
}
