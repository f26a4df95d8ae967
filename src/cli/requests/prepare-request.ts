import { type Mount, parseMount, parsePortFlag, parseVolume, type Volume } from '#appc';
import { parsePodName } from '#pod';
import type { AppArgument, PrepareRequest, PullPolicy } from '#stage0';
import { badRequest } from '../cli-error.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import type { CommandLine } from '../parse/command-line.ts';
import { appArgument } from './app-argument.ts';
import { podEnvironment } from './environment.ts';
import { parseAll, parseLast } from './flag-text.ts';
import { stage1Choice } from './stage1-choice.ts';

/** The pod that `rkt run` and `rkt prepare` are asked for. */
export function prepareRequest(line: CommandLine, environment: Readonly<NodeJS.ProcessEnv>): PrepareRequest {
  const { flags, images } = line;
  const podManifestPath = flags.optional('pod-manifest');
  const podName = parseLast(flags, 'pod-name', parsePodName);
  const request = {
    apps: images.map(appArgument),
    volumes: parseAll(flags, 'volume', parseVolume),
    mounts: parseAll(flags, 'mount', parseMount),
    ports: parseAll(flags, 'port', parsePortFlag),
    environment: podEnvironment(flags, environment),
    pullPolicy: pullPolicy(flags),
    noOverlay: flags.bool('no-overlay'),
    privateUsers: flags.bool('private-users'),
    verifyContent: flags.bool('verify-content'),
    ...(podName === undefined ? {} : { podName }),
    ...stage1Choice(flags),
    ...(podManifestPath === undefined ? {} : { podManifestPath }),
  };
  checkSource(request, flags);
  checkMounts(request);
  return request;
}

/** That the pod comes either from images or from a manifest. */
function checkSource(request: PrepareRequest, flags: FlagValues): void {
  if (request.podManifestPath === undefined) {
    if (request.apps.length === 0) throw badRequest('must provide at least one image or specify the pod manifest');
    return;
  }
  const lists = [request.apps, request.volumes, request.mounts, request.ports];
  const given = ['inherit-env', 'set-env', 'set-env-file'].some((name) => flags.given(name));
  if (given || lists.some((list) => list.length > 0) || request.pullPolicy !== 'new') {
    throw badRequest('conflicting flags set with --pod-manifest (see --help)');
  }
}

function checkMounts({ apps, mounts, volumes }: { apps: readonly AppArgument[]; mounts: readonly Mount[]; volumes: readonly Volume[] }): void {
  const names = new Set(volumes.map(({ name }) => name));
  for (const { path, volume } of [mounts, ...apps.map((app) => app.mounts)].flat()) {
    if (!names.has(volume)) {
      throw badRequest(`error parsing app image arguments: dangling mount point "${path}": volume "${volume}" not found`);
    }
  }
}

/** `--pull-policy`, or what its two predecessors mean. */
export function pullPolicy(flags: FlagValues): PullPolicy {
  const storeOnly = flags.bool('store-only');
  const noStore = flags.bool('no-store');
  if (storeOnly && noStore) throw badRequest('both --store-only and --no-store specified');
  if (storeOnly) return 'never';
  return noStore ? 'update' : (flags.text('pull-policy') as PullPolicy);
}
