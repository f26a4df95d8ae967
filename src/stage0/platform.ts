import { appcPlatform, checkOsArch, type ImageManifest } from '#appc';
import { Stage0Error } from './error.ts';

/** Node's words for architectures where they are not Go's. */
const GO_NAMES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/** Refuses an image that was made for another kind of machine. */
export function checkPlatform(manifest: ImageManifest): void {
  const { arch } = checkOsArch(manifest.labels);
  const host = appcPlatform({ os: 'linux', architecture: GO_NAMES[process.arch] ?? process.arch }).arch;
  if (arch === host) return;
  throw new Stage0Error('bad-platform', `image ${manifest.name} is for ${arch}, this machine is ${host}`);
}
