import { type ImageManifest, labelValue } from '#appc';
import { Stage0Error } from './error.ts';

/** This machine's architecture in the words of appc (spec/aci.md, "os" and "arch" labels). */
export function hostArchitecture(): string {
  const names: Record<string, string> = { x64: 'amd64', arm64: 'aarch64', ia32: 'i386', ppc64: 'ppc64le' };
  return names[process.arch] ?? process.arch;
}

/** Refuses an image that was made for another kind of machine. */
export function checkPlatform(manifest: ImageManifest): void {
  const os = labelValue(manifest.labels, 'os');
  const arch = labelValue(manifest.labels, 'arch');
  if (os === undefined) throw badPlatform(manifest, 'missing os label in the image manifest');
  if (arch === undefined) throw badPlatform(manifest, 'missing arch label in the image manifest');
  if (os !== 'linux') throw badPlatform(manifest, `bad os "${os}" (must be one of: linux)`);
  const host = hostArchitecture();
  if (arch !== host) throw badPlatform(manifest, `bad arch "${arch}" for linux (must be one of: ${host})`);
}

function badPlatform(manifest: ImageManifest, message: string): Stage0Error {
  return new Stage0Error('bad-platform', `image ${manifest.name}: ${message}`);
}
