import { parseImageManifest, parsePodManifest } from '#appc';
import { messageOf } from '#errors';
import { parseUuid } from '#pod';
import type { PodRegistry } from './pod-registry.ts';
import { failure, NOT_FOUND, type Query, type Reply } from './reply.ts';

const DONE: Reply = { status: 200 };

/** The side of rkt: PUT and DELETE /pods/UUID, PUT /pods/UUID/APP. */
export function answerRegistration(pods: PodRegistry, query: Query): Reply {
  const [root, id = '', ...app] = query.path;
  if (root !== 'pods' || id === '') return NOT_FOUND;
  if (query.method !== 'PUT' && (query.method !== 'DELETE' || app.length > 0)) return failure(405, '');
  let uuid: string;
  try {
    uuid = parseUuid(id);
  } catch (error) {
    return failure(400, `UUID is missing or malformed: ${messageOf(error)}`);
  }
  if (query.method === 'DELETE') return pods.remove(uuid) ? DONE : failure(404, 'pod not found');
  return app.length === 0 ? registerPod(pods, uuid, query) : registerApp(pods, uuid, app.join('/'), query.body);
}

function registerPod(pods: PodRegistry, uuid: string, { parameters, body }: Query): Reply {
  const tokens = parameters.getAll('token');
  const token = tokens.length === 1 ? tokens[0]! : '';
  if (token === '') return failure(400, 'token missing');
  return decoded(() => parsePodManifest(body), (manifest) => (pods.add(uuid, token, manifest) ? DONE : failure(409, "the token is another pod's")));
}

function registerApp(pods: PodRegistry, uuid: string, app: string, body: string): Reply {
  if (app === '') return failure(400, 'app missing');
  return decoded(() => parseImageManifest(body), (manifest) => {
    const pod = pods.byUuid(uuid);
    if (pod === undefined) return failure(404, 'Pod with given UUID not found');
    pod.images.set(app, manifest);
    return DONE;
  });
}

function decoded<T>(decode: () => T, use: (value: T) => Reply): Reply {
  let value: T;
  try {
    value = decode();
  } catch (error) {
    return failure(400, `JSON-decoding failed: ${messageOf(error)}`);
  }
  return use(value);
}
