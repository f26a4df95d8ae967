import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeAci } from '../../scripts/write-aci.ts';

const APPLETS = (
  'sh ash cat chmod cp cut date dd df echo env expr false find grep head hostname id ip ifconfig kill ln ls mkdir mknod ' +
  'mktemp mount mv nc nslookup ping ps pwd readlink rm route sed seq sha1sum sleep sort stat stty sync tail tee test ' +
  'touch tr true tty umount uname wc wget which whoami xargs yes httpd'
).split(' ');

export interface AciOptions {
  /** `example.com/busybox` unless given. */
  readonly name?: string;
  /** `1.0` unless given; null: no version label. */
  readonly version?: string | null;
  /** Instead of linux on this machine's architecture. */
  readonly labels?: readonly { readonly name: string; readonly value: string }[];
  /** Merged over an app that runs /bin/sh as root; null: an image without an app. */
  readonly app?: Readonly<Record<string, unknown>> | null;
  /** More of the manifest: dependencies, pathWhitelist, annotations. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Path inside the image → content. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A file system with busybox and its links in /bin, a root user, and the given files, of which scripts can be executed. */
export function makeRootfs(rootfs: string, files: Readonly<Record<string, string>> = {}): void {
  for (const directory of ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'var']) {
    mkdirSync(join(rootfs, directory), { recursive: true });
    chmodSync(join(rootfs, directory), directory === 'tmp' ? 0o1777 : 0o755);
  }
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  chmodSync(join(rootfs, 'bin/busybox'), 0o755);
  for (const applet of APPLETS) symlinkSync('busybox', join(rootfs, 'bin', applet));
  const accounts = { '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n', '/etc/group': 'root:x:0:\nnogroup:x:65534:\n' };
  for (const [path, text] of Object.entries({ ...accounts, ...files })) {
    mkdirSync(dirname(join(rootfs, path)), { recursive: true });
    writeFileSync(join(rootfs, path), text);
    if (text.startsWith('#!')) chmodSync(join(rootfs, path), 0o755);
  }
}

/** Writes an ACI of busybox; the same bytes, and so the same image ID, for the same options. */
export function makeBusyboxAci(path: string, options: AciOptions = {}): string {
  const work = mkdtempSync(join(tmpdir(), 'rkt-busybox-'));
  try {
    mkdirSync(join(work, 'rootfs'), { mode: 0o755 });
    makeRootfs(join(work, 'rootfs'), options.files);
    writeAci(path, imageManifest(options), join(work, 'rootfs'));
    return path;
  } finally {
    rmSync(work, { recursive: true });
  }
}

function imageManifest({ name = 'example.com/busybox', version = '1.0', labels, app, manifest }: AciOptions): object {
  const arch = process.arch === 'arm64' ? 'aarch64' : 'amd64';
  const usual = [
    { name: 'os', value: 'linux' },
    { name: 'arch', value: arch },
  ];
  return {
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name,
    labels: [...(version === null ? [] : [{ name: 'version', value: version }]), ...(labels ?? usual)],
    ...(app === null ? {} : { app: { exec: ['/bin/sh'], user: '0', group: '0', ...app } }),
    ...manifest,
  };
}
