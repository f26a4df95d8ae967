import { closeSync, openSync } from 'node:fs';
import { MS, mount } from './mount.ts';
import { isInUserNamespace } from './rootless.ts';
import { selinuxMountOption } from './selinux.ts';

/** mount(2) copies one page of options, and their end. */
const MAX_OPTIONS = 4095;
/** What separates names in the options of an overlay. */
const SEPARATORS = /[\\:,]/;

export interface OverlayRequest {
  readonly target: string;
  /** Read-only directories, the top one first; absolute. */
  readonly lowerDirs: readonly string[];
  /** Both or neither; without them what is mounted is read-only. */
  readonly upperDir?: string;
  readonly workDir?: string;
  /** The SELinux label of all its files, whatever theirs are. */
  readonly label?: string;
}

/**
 * Mounts an overlay, or a read-only bind where there is nothing to lay over.
 *
 * Directories may have any name and there may be as many as the kernel takes (500): where their paths do
 * not fit, or have a separator in them, the kernel is given the descriptors of the open directories.
 *
 * @throws {SysError}
 */
export function mountOverlay(request: OverlayRequest): void {
  const { target, lowerDirs, upperDir, workDir, label } = request;
  if (upperDir === undefined && lowerDirs.length === 1) return bindReadOnly(lowerDirs[0]!, target);
  const upper = upperDir === undefined || workDir === undefined ? [] : [upperDir, workDir];
  const paths = [...lowerDirs, ...upper];
  const options = renderOptions(lowerDirs, upper, label);
  if (options.length <= MAX_OPTIONS && !paths.some((path) => SEPARATORS.test(path))) {
    return mount({ source: 'overlay', target, type: 'overlay', data: options });
  }
  const fds: number[] = [];
  try {
    for (const path of paths) fds.push(openSync(path, 'r'));
    const names = fds.map((fd) => `/proc/self/fd/${fd}`);
    const data = renderOptions(names.slice(0, lowerDirs.length), names.slice(lowerDirs.length), label);
    mount({ source: 'overlay', target, type: 'overlay', data });
  } finally {
    fds.forEach(closeSync);
  }
}

/** The attribute by which a directory of a layer hides what the layers below have in it. */
export function opaqueXattr(): string {
  return isInUserNamespace() ? 'user.overlay.opaque' : 'trusted.overlay.opaque';
}

function renderOptions(lower: readonly string[], upper: readonly string[], label: string | undefined): string {
  const [upperDir, workDir] = upper;
  const writable = upperDir === undefined ? '' : `,upperdir=${upperDir},workdir=${workDir}`;
  // Attributes `trusted.*` are for root of the kernel only.
  const attributes = isInUserNamespace() ? ',userxattr' : '';
  return `lowerdir=${lower.join(':')}${writable}${attributes}${label === undefined ? '' : `,${selinuxMountOption(label)}`}`;
}

/** The second call: a bind mount takes no flags of its own when it is made. */
function bindReadOnly(source: string, target: string): void {
  mount({ source, target, type: 'none', flags: MS.BIND });
  mount({ source: 'none', target, type: 'none', flags: MS.BIND | MS.REMOUNT | MS.RDONLY });
}
