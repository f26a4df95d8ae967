import { goPlatform, type ImageManifest, labelValue, type Port } from '#appc';
import type { Digest } from '#oci';

/**
 * The OCI configuration of an image of the store, as `convert` would have read it: what `rkt fetch` makes of it again
 * is the same app.
 *
 * What appc has and OCI has not (isolators, event handlers, mount points' names) is not in it.
 */
export function planOciConfig(manifest: ImageManifest, diffIds: readonly Digest[]): object {
  const os = labelValue(manifest.labels, 'os') ?? 'linux';
  const arch = labelValue(manifest.labels, 'arch');
  const annotation = (name: string): string | undefined => manifest.annotations?.find((each) => each.name === name)?.value;
  return {
    ...defined({ created: annotation('created'), author: annotation('author') }),
    ...(arch === undefined ? { os, architecture: '' } : goPlatform({ os, arch })),
    config: planRunConfig(manifest, annotation),
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
}

function planRunConfig({ app }: ImageManifest, annotation: (name: string) => string | undefined): object {
  if (app === undefined) return {};
  return defined({
    User: renderUser(app.user, app.group),
    ExposedPorts: setOf((app.ports ?? []).map(renderPort)),
    Env: app.environment?.map(({ name, value }) => `${name}=${value}`),
    ...planWords(app.exec, annotation),
    Volumes: setOf((app.mountPoints ?? []).map(({ path }) => path)),
    WorkingDir: app.workingDirectory,
    Labels: app.userLabels,
  });
}

/** Entrypoint and command apart as the image had them, as long as they are still what `exec` is. */
function planWords(exec: readonly string[], annotation: (name: string) => string | undefined): object {
  const entrypoint = parseWords(annotation('appc.io/docker/entrypoint'));
  const cmd = parseWords(annotation('appc.io/docker/cmd'));
  const same = JSON.stringify([...entrypoint, ...cmd]) === JSON.stringify(exec);
  if (!same) return { Entrypoint: exec.length === 0 ? undefined : exec };
  return { Entrypoint: entrypoint.length === 0 ? undefined : entrypoint, Cmd: cmd.length === 0 ? undefined : cmd };
}

function parseWords(text: string | undefined): string[] {
  try {
    const words: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : [];
  } catch {
    return [];
  }
}

/** Root is what an image has that says nothing; a group of the user's own name was not said. */
function renderUser(user: string, group: string): string | undefined {
  if (user === group) return user === '0' ? undefined : user;
  return `${user}:${group}`;
}

function renderPort({ port, count = 1, protocol }: Port): string {
  return `${count > 1 ? `${port}-${port + count - 1}` : port}/${protocol}`;
}

function setOf(names: readonly string[]): object | undefined {
  return names.length === 0 ? undefined : Object.fromEntries(names.toSorted().map((name) => [name, {}]));
}

function defined(object: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
