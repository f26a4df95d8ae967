import { type Annotation, type ImageManifest, parseAcIdentifier, parseAcName, renderImageManifest, renderPodManifest } from '#appc';
import { messageOf } from '#errors';
import { parseUuid } from '#pod';
import { type Identity, signatureOf, verifies } from './identity.ts';
import type { PodRegistry, RegisteredPod } from './pod-registry.ts';
import { failure, json, NOT_FOUND, type Query, type Reply, text } from './reply.ts';

/** The side of the apps: /TOKEN/acMetadata/v1/… (appc spec/ace.md, "App Container Metadata Service"). */
export function answerGuest(pods: PodRegistry, identity: Identity, query: Query): Reply {
  const [token = '', service, version, ...path] = query.path;
  if (service !== 'acMetadata' || version !== 'v1') return NOT_FOUND;
  const [kind, ...rest] = path;
  if (kind === 'pod' && rest[0] === 'hmac') return answerHmac(pods, identity, token, rest[1], query);
  if (!isKnown(path)) return NOT_FOUND;
  if (query.method !== 'GET') return failure(405, '');
  const pod = pods.byToken(token);
  if (pod === undefined) return failure(401, 'pod not found\n');
  return kind === 'pod' ? answerPod(pod, rest) : answerApp(pod, rest);
}

/** The paths that there are, whoever asks: without a token nobody learns which of them hold something. */
function isKnown(path: readonly string[]): boolean {
  return /^(pod\/(annotations(\/.*)?|manifest|uuid)|apps\/.*\/(annotations(\/.*)?|image\/(manifest|id)))$/.test(path.join('/'));
}

function answerPod({ manifest, uuid }: RegisteredPod, [what, ...name]: readonly string[]): Reply {
  if (what === 'uuid') return text(uuid);
  if (what === 'manifest') return json(compact(renderPodManifest(manifest)));
  const annotations = manifest.annotations ?? [];
  return name.length === 0 ? json(JSON.stringify(annotations)) : annotationOf(annotations, name.join('/'), 'Pod annotation', 'Pod annotation');
}

function answerApp(pod: RegisteredPod, path: readonly string[]): Reply {
  const [, name = '', what = ''] = /^(.*?)\/(annotations(?:\/.*)?|image\/manifest|image\/id)$/.exec(path.join('/')) ?? [];
  if (name === '') return failure(400, 'app missing');
  const image = pod.images.get(name);
  if (image === undefined) return failure(404, 'app not found\n');
  if (what === 'image/manifest') return json(compact(renderImageManifest(image)));
  if (!isName(() => parseAcName(name))) return failure(400, `App name ${JSON.stringify(name)} is not a valid AC Name`);
  if (what === 'image/id') return imageIdOf(pod, name);
  const annotations = mergeAnnotations(pod, name, image);
  if (what === 'annotations') return json(JSON.stringify(annotations));
  return annotationOf(annotations, what.slice('annotations/'.length), 'App annotation name', 'App annotation');
}

function imageIdOf({ manifest }: RegisteredPod, name: string): Reply {
  const app = manifest.apps.find((each) => each.name === name);
  return app === undefined ? failure(404, 'app not found\n') : text(app.image.id);
}

/** Those of the image, and over them those the pod has for the app. */
function mergeAnnotations({ manifest }: RegisteredPod, name: string, image: ImageManifest): Annotation[] {
  const own = manifest.apps.find((each) => each.name === name)?.annotations ?? [];
  const merged = new Map([...(image.annotations ?? []), ...own].map((each) => [each.name, each]));
  return [...merged.values()];
}

function annotationOf(annotations: readonly Annotation[], name: string, called: string, kind: string): Reply {
  if (!isName(() => parseAcIdentifier(name))) return failure(400, `${called} ${JSON.stringify(name)} is not a valid AC Identifier`);
  const found = annotations.find((each) => each.name === name);
  return found === undefined ? failure(404, `${kind} ${JSON.stringify(name)} not found`) : text(found.value);
}

function isName(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

function compact(manifest: string): string {
  return JSON.stringify(JSON.parse(manifest));
}

function answerHmac(pods: PodRegistry, identity: Identity, token: string, what: string | undefined, query: Query): Reply {
  if (what !== 'sign' && what !== 'verify') return NOT_FOUND;
  if (query.method !== 'POST') return failure(405, '');
  return what === 'sign' ? sign(pods.byToken(token), identity, query) : verify(identity, query);
}

function sign(pod: RegisteredPod | undefined, identity: Identity, { parameters }: Query): Reply {
  if (pod === undefined) return failure(401, 'pod not found\n');
  const content = parameters.get('content') ?? '';
  if (content === '') return failure(400, 'content form value not found');
  return text(signatureOf(identity, pod.uuid, content));
}

/** Anyone may: it tells what the signature itself tells, and nothing of the pod. */
function verify(identity: Identity, { parameters }: Query): Reply {
  let uuid: string;
  try {
    uuid = parseUuid(parameters.get('uuid') ?? '');
  } catch (error) {
    return failure(400, `uuid field missing or malformed: ${messageOf(error)}`);
  }
  const content = parameters.get('content') ?? '';
  if (content === '') return failure(400, 'content field missing');
  const signature = parameters.get('signature') ?? '';
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(signature)) {
    return failure(400, 'signature field missing or corrupt: not base64');
  }
  return { status: verifies(identity, uuid, content, signature) ? 200 : 403, type: 'text/plain; charset=us-ascii' };
}
