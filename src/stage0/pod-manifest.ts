import {
  AC_VERSION,
  type AcName,
  type ExposedPort,
  type ImageManifest,
  type PodManifest,
  type RuntimeApp,
} from '#appc';
import { mutableAnnotation } from '#pod';
import { appAnnotations } from './app-annotations.ts';
import { Stage0Error } from './error.ts';
import type { PrepareRequest, SandboxRequest } from './requests.ts';
import { type ChosenImage, planRuntimeApp } from './runtime-app.ts';

/** The pod manifest that a command line asks for. Pure. */
export function planPodManifest(images: readonly ChosenImage[], request: PrepareRequest): PodManifest {
  const apps = images.map((image) => planRuntimeApp(image, request.mounts, request.environment));
  refuseDuplicates(apps);
  return {
    acVersion: AC_VERSION,
    acKind: 'PodManifest',
    apps,
    volumes: request.volumes.length > 0 ? request.volumes : null,
    isolators: null,
    annotations: [mutableAnnotation(false)],
    ports: request.ports,
  };
}

/** A pod without apps, which come when it runs. Pure. */
export function planSandboxManifest(request: SandboxRequest, ports: readonly ExposedPort[]): PodManifest {
  const { userAnnotations, userLabels } = request;
  const mutable = mutableAnnotation(true);
  return {
    acVersion: AC_VERSION,
    acKind: 'PodManifest',
    apps: [],
    volumes: null,
    isolators: null,
    annotations: [...request.annotations.filter(({ name }) => name !== mutable.name), mutable],
    ports,
    ...(Object.keys(userAnnotations).length > 0 && { userAnnotations }),
    ...(Object.keys(userLabels).length > 0 && { userLabels }),
  };
}

function refuseDuplicates(apps: readonly RuntimeApp[]): void {
  const seen = new Set<AcName>();
  for (const { name } of apps) {
    if (seen.has(name)) {
      throw new Stage0Error('duplicate-app', `error: multiple apps with name ${name}`, {
        hint: 'give each image its own name: IMAGE --name=NAME',
      });
    }
    seen.add(name);
  }
}

/** A pod manifest brought by the user, with what it leaves to the images filled in. */
export function completePodManifest(
  manifest: PodManifest,
  imageOf: (app: RuntimeApp) => ImageManifest,
): PodManifest {
  if (manifest.apps.length === 0) {
    throw new Stage0Error('no-apps', 'pod must contain at least one application');
  }
  refuseDuplicates(manifest.apps);
  return { ...manifest, apps: manifest.apps.map((app) => completeApp(app, imageOf(app))) };
}

function completeApp(given: RuntimeApp, image: ImageManifest): RuntimeApp {
  const annotations = appAnnotations(given.annotations ?? [], image);
  const app = annotations.length === 0 ? given : { ...given, annotations };
  if (app.app !== undefined) return app;
  if (image.app === undefined) {
    throw new Stage0Error('bad-pod-manifest', `app "${app.name}": no app section in the pod manifest or the image manifest`);
  }
  return { ...app, app: image.app };
}
