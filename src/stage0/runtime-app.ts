import {
  type AcName,
  type App,
  appNameOf,
  type ImageId,
  type ImageManifest,
  type Mount,
  type NameValue,
  overrideIsolators,
  type RuntimeApp,
} from '#appc';
import { appAnnotations } from './app-annotations.ts';
import { Stage0Error } from './error.ts';
import type { AppArgument, PodEnvironment } from './requests.ts';

/** An image in the store, together with what the command line said about its app. */
export interface ChosenImage {
  readonly argument: AppArgument;
  readonly id: ImageId;
  readonly manifest: ImageManifest;
}

/** The name the app has in the pod: as asked, else the last part of the image's name. */
export function appNameFor(image: ChosenImage): AcName {
  return image.argument.name ?? appNameOf(image.manifest.name);
}

/**
 * One app of a pod manifest: the image's app, changed by the arguments.
 *
 * @throws {Stage0Error} `nothing-to-execute` where neither image nor argument says what to execute
 */
export function planRuntimeApp(
  image: ChosenImage,
  podMounts: readonly Mount[],
  environment: PodEnvironment,
): RuntimeApp {
  const { argument, id, manifest } = image;
  const annotations = appAnnotations(argument.annotations, manifest);
  const mounts = mergeMounts(argument.mounts, podMounts);
  return {
    name: appNameFor(image),
    image: {
      name: manifest.name,
      id,
      ...(manifest.labels !== undefined && { labels: manifest.labels }),
    },
    app: planApp(image, environment),
    ...(argument.readonlyRootfs === true && { readOnlyRootFS: true }),
    ...(mounts.length > 0 && { mounts }),
    ...(annotations.length > 0 && { annotations }),
  };
}

function planApp(image: ChosenImage, environment: PodEnvironment): App {
  const { argument } = image;
  const base = baseApp(image);
  const isolators = overrideIsolators(base.isolators, argument.isolators);
  const variables = mergeEnvironment(base.environment ?? [], environment, argument.environment);
  return {
    ...base,
    exec: [...(argument.exec === undefined ? base.exec : [argument.exec]), ...argument.args],
    ...(argument.workingDir !== undefined && { workingDirectory: argument.workingDir }),
    ...(argument.user !== undefined && { user: argument.user }),
    ...(argument.group !== undefined && { group: argument.group }),
    ...(argument.supplementaryGids !== undefined && { supplementaryGIDs: argument.supplementaryGids }),
    ...(variables.length > 0 && { environment: variables }),
    ...(isolators.length > 0 && { isolators }),
    ...(Object.keys(argument.userAnnotations).length > 0 && { userAnnotations: argument.userAnnotations }),
    ...(Object.keys(argument.userLabels).length > 0 && { userLabels: argument.userLabels }),
  };
}

function baseApp(image: ChosenImage): App {
  const { argument, manifest } = image;
  const app = manifest.app;
  if (app !== undefined && (app.exec.length > 0 || argument.exec !== undefined)) return app;
  if (argument.exec === undefined) {
    throw new Stage0Error(
      'nothing-to-execute',
      `image ${image.id} has no app section and --exec argument is not provided`,
      { hint: `say what to execute: ${argument.image} --exec=/path/in/image` },
    );
  }
  return app ?? { exec: [], user: '0', group: '0' };
}

/** The app's own mounts win over the pod's of the same path. */
function mergeMounts(own: readonly Mount[], pods: readonly Mount[]): Mount[] {
  const byPath = new Map<string, Mount>();
  for (const mount of [...own, ...pods]) {
    const path = mount.path.replace(/\/+$/, '');
    if (!byPath.has(path)) byPath.set(path, mount);
  }
  return [...byPath.values()];
}

/** Weakest first: inherited, the image's, from files, for all apps, for this app. */
function mergeEnvironment(
  image: readonly NameValue[],
  pod: PodEnvironment,
  own: readonly NameValue[],
): NameValue[] {
  const merged = new Map<string, string>();
  for (const { name, value } of image) merged.set(name, value);
  for (const { name, value } of pod.inherited) if (!merged.has(name)) merged.set(name, value);
  for (const { name, value } of [...pod.fromFiles, ...pod.explicit, ...own]) merged.set(name, value);
  return [...merged].map(([name, value]) => ({ name, value }));
}
