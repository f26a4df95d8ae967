import { quoted } from '#errors';
import { booleanOf, type Decode, defined, integerOf, listOf, mapOf, objectOf, optional, refuseDuplicates, required, stringOf, wrong } from './decode.ts';
import { omitEmpty, sortedMap } from './go-json.ts';
import { checkIsolators, decodeIsolators } from './isolator.ts';
import { nonEmptyPath } from './mount.ts';
import { parseAcName } from './name.ts';
import { decodePort, orderPort } from './port.ts';
import type { App, EventHandler, Isolator, MountPoint, NameValue } from './types.ts';
import { MAXIMUM_ID } from './volume.ts';

/** The app section of image and pod manifests: appc spec, aci.md. */

const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z_0-9.-]*$/;

export const decodeApp: Decode<App> = (value) => {
  const object = objectOf(value);
  const app = defined<App>({
    exec: optional(object, 'exec', listOf(stringOf)) ?? [],
    eventHandlers: optional(object, 'eventHandlers', listOf(decodeEventHandler)),
    user: optional(object, 'user', stringOf) ?? '',
    group: optional(object, 'group', stringOf) ?? '',
    supplementaryGIDs: optional(object, 'supplementaryGIDs', listOf(integerOf(0, MAXIMUM_ID))),
    workingDirectory: optional(object, 'workingDirectory', stringOf),
    environment: optional(object, 'environment', listOf(decodeVariable)),
    mountPoints: optional(object, 'mountPoints', listOf(decodeMountPoint)),
    ports: optional(object, 'ports', listOf(decodePort)),
    isolators: optional(object, 'isolators', decodeIsolators),
    userAnnotations: optional(object, 'userAnnotations', mapOf),
    userLabels: optional(object, 'userLabels', mapOf),
  });
  checkApp(app);
  return app;
};

/** What no single member shows. Also asked before an app is written, for flags may have changed it. */
export function checkApp(app: App): void {
  if (app.user === '') wrong('user is required');
  if (app.group === '') wrong('group is required');
  if (app.workingDirectory && !app.workingDirectory.startsWith('/')) wrong('workingDirectory must be an absolute path');
  const handlers = app.eventHandlers ?? [];
  const twice = handlers.find(({ name }, index) => handlers.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) wrong(`Only one eventHandler of name "${twice.name}" allowed`);
  app.environment?.forEach(checkVariable);
  refuseDuplicates(app.environment ?? [], 'environment variable of name');
  checkIsolators(app.isolators ?? []);
}

function checkVariable({ name }: NameValue): void {
  if (name === '') wrong('environment variable name must not be empty');
  if (!ENVIRONMENT_NAME.test(name)) wrong(`environment variable does not have valid identifier ${quoted(name)}`);
}

const decodeVariable: Decode<NameValue> = (value) => {
  const object = objectOf(value);
  return { name: optional(object, 'name', stringOf) ?? '', value: optional(object, 'value', stringOf) ?? '' };
};

const decodeEventHandler: Decode<EventHandler> = (value) => {
  const object = objectOf(value);
  const name = optional(object, 'name', stringOf) ?? '';
  if (name === '') wrong('eventHandler "name" cannot be empty');
  if (name !== 'pre-start' && name !== 'post-stop') return wrong(`bad eventHandler "name": ${quoted(name)}`);
  const exec = required(object, 'exec', listOf(stringOf));
  return exec.length === 0 ? wrong(`exec of eventHandler "${name}" cannot be empty`) : { name, exec };
};

const decodeMountPoint: Decode<MountPoint> = (value) => {
  const object = objectOf(value);
  return defined<MountPoint>({
    name: required(object, 'name', (text) => parseAcName(stringOf(text))),
    path: required(object, 'path', nonEmptyPath),
    readOnly: optional(object, 'readOnly', booleanOf),
  });
};

/** In the order Go writes it. No arguments at all are `null`, as Go and the converters of Docker images write them. */
export function orderApp(app: App): object {
  return {
    exec: omitEmpty(app.exec) ?? null,
    eventHandlers: omitEmpty(app.eventHandlers?.map(({ name, exec }) => ({ name, exec }))),
    user: app.user,
    group: app.group,
    supplementaryGIDs: omitEmpty(app.supplementaryGIDs),
    workingDirectory: app.workingDirectory || undefined,
    environment: orderPairs(app.environment),
    mountPoints: omitEmpty(app.mountPoints?.map(({ name, path, readOnly }) => ({ name, path, readOnly: readOnly || undefined }))),
    ports: omitEmpty(app.ports?.map(orderPort)),
    isolators: omitEmpty(app.isolators?.map(orderIsolator)),
    userAnnotations: sortedMap(app.userAnnotations),
    userLabels: sortedMap(app.userLabels),
  };
}

export function orderIsolator({ name, value }: Isolator): object {
  return { name, value: value ?? null };
}

/** Labels, annotations, environment: undefined when there are none. */
export function orderPairs(pairs: readonly NameValue[] | undefined): readonly object[] | undefined {
  return omitEmpty(pairs?.map(({ name, value }) => ({ name, value })));
}
