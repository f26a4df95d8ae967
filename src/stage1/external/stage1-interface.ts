import { readFileSync } from 'node:fs';
import { type ImageManifest, parseImageManifest } from '#appc';
import { ENTRYPOINT, type Entrypoint, INTERFACE_VERSION, INTERFACE_VERSION_ANNOTATION, stage1Layout } from '#stage1/abi';
import { ExternalStage1Error } from './errors.ts';

/** The interface version that brought pods whose apps come and go, and attaching. */
const APPS_SINCE = 5;

/** Without these a pod whose apps come and go is none, as rkt has it. */
const MUTABLE: readonly Entrypoint[] = ['appRm', 'appStart', 'appStop'];

/** What a stage1 image says it can do. */
export interface Stage1Interface {
  /** Of the image. */
  readonly name: string;
  readonly version: number;
  /** Their paths in the image, beginning with a slash. */
  readonly entrypoints: Readonly<Partial<Record<Entrypoint, string>>>;
}

/** @throws {ExternalStage1Error} bad-stage1 */
export function readInterface(manifest: ImageManifest): Stage1Interface {
  const { name } = manifest;
  const said = (wanted: string): string | undefined => manifest.annotations?.find((annotation) => annotation.name === wanted)?.value;
  const paths = Object.entries(ENTRYPOINT).flatMap(([key, annotation]) => {
    const path = said(annotation);
    return path === undefined ? [] : [[key, checkPath(path, annotation, name)]];
  });
  return { name, version: checkVersion(said(INTERFACE_VERSION_ANNOTATION) ?? '1', name), entrypoints: Object.fromEntries(paths) as object };
}

function checkPath(path: string, annotation: string, image: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length > 0 && !parts.includes('..') && !path.includes('\0')) return `/${parts.join('/')}`;
  throw new ExternalStage1Error('bad-stage1', `image ${image} cannot be used as stage1: ${JSON.stringify(path)} of ${annotation} is no path in it`);
}

function checkVersion(text: string, image: string): number {
  const version = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (version >= 1 && version <= INTERFACE_VERSION) return version;
  throw new ExternalStage1Error('bad-stage1', `image ${image} cannot be used as stage1: its interface version is ${JSON.stringify(text)}`, {
    hint: `this rkt has 1 to ${INTERFACE_VERSION}`,
  });
}

/** @throws {ExternalStage1Error} bad-stage1, not-mutable */
export function checkImage(manifest: ImageManifest, needs: { readonly mutable: boolean }): void {
  const stage1 = readInterface(manifest);
  if (stage1.entrypoints.run === undefined) {
    throw new ExternalStage1Error('bad-stage1', `image ${stage1.name} cannot be used as stage1: it has no annotation ${ENTRYPOINT.run}`, {
      hint: 'an image to run apps in names its executables by such annotations',
    });
  }
  if (needs.mutable) requireMutable(stage1);
}

/** @throws {ExternalStage1Error} not-mutable */
export function requireMutable(stage1: Stage1Interface): void {
  if (stage1.version >= APPS_SINCE && MUTABLE.every((entrypoint) => stage1.entrypoints[entrypoint] !== undefined)) return;
  throw new ExternalStage1Error('not-mutable', 'stage1 does not support mutable pods', {
    hint: `${stage1.name} has interface version ${stage1.version}; apps that come and go need ${APPS_SINCE}, and its entrypoints app/start, app/stop and app/rm`,
  });
}

/** Of a pod, as it was prepared. */
export function interfaceOf(podDir: string): Stage1Interface {
  return readInterface(parseImageManifest(readFileSync(`${podDir}/${stage1Layout.manifest}`, 'utf8')));
}

/** The executable of a pod's stage1, as it is found among the pod's mounts. @throws {ExternalStage1Error} not-implemented */
export function entrypointOf(podDir: string, stage1: Stage1Interface, entrypoint: Entrypoint): string {
  const path = stage1.entrypoints[entrypoint];
  if (path !== undefined && !(isLate(entrypoint) && stage1.version < APPS_SINCE)) return `${podDir}/${stage1Layout.rootfs}${path}`;
  const annotation = ENTRYPOINT[entrypoint];
  const why = path === undefined ? `entrypoint "${annotation}" not found` : `${annotation} needs interface version ${APPS_SINCE}`;
  throw new ExternalStage1Error('not-implemented', `${VERB[entrypoint] ?? JSON.stringify(annotation)} not implemented for pod's stage1: ${why}`, {
    hint: `its stage1 is ${stage1.name}, of interface version ${stage1.version}`,
  });
}

const VERB: Readonly<Partial<Record<Entrypoint, string>>> = { stop: 'rkt stop', enter: 'rkt enter' };

function isLate(entrypoint: Entrypoint): boolean {
  return entrypoint === 'attach' || entrypoint.startsWith('app');
}
