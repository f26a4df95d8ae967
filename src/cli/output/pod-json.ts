import type { AppView, MountView, PodView } from '#stage0';

/** A pod as `--format=json` of list and status has it. A field that is undefined is not printed. */
export function podJson(pod: PodView): object {
  const { apps, networks } = pod;
  return {
    name: pod.uuid,
    pod_name: pod.name,
    state: pod.state,
    networks: networks.length > 0 ? networks : undefined,
    app_names: apps.length > 0 ? apps.map(({ name }) => name) : undefined,
    apps: apps.length > 0 ? apps.map(appJson) : undefined,
    created_at: seconds(pod.createdAt),
    started_at: pod.startedAt === undefined ? undefined : seconds(pod.startedAt),
    user_annotations: record(pod.userAnnotations),
    user_labels: record(pod.userLabels),
  };
}

/** An app as `--format=json` of list, status and app status has it. */
export function appJson(app: AppView): object {
  return {
    name: app.name,
    state: app.state,
    created_at: app.createdAt,
    started_at: app.startedAt,
    finished_at: app.finishedAt,
    exit_code: app.exitCode,
    oom_killed: app.outOfMemory,
    restarts: app.restarts?.count,
    restarting: app.restarts?.waiting || undefined,
    last_exit_code: app.restarts?.lastExitCode,
    health: app.health && { status: app.health.state, failing_streak: app.health.failures, output: app.health.output || undefined },
    image_id: app.imageId,
    mounts: app.mounts?.length ? app.mounts.map(mountJson) : undefined,
    user_annotations: record(app.userAnnotations),
    user_labels: record(app.userLabels),
  };
}

function mountJson(mount: MountView): object {
  const { name, containerPath, hostPath, readOnly } = mount;
  return { name, container_path: containerPath, host_path: hostPath, read_only: readOnly };
}

/** Sorted by name, as Go prints maps; undefined if there is nothing. */
function record(entries: Readonly<Record<string, string>> | undefined): object | undefined {
  const all = Object.entries(entries ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return all.length === 0 ? undefined : Object.fromEntries(all);
}

/** Pods have their times in seconds, apps in nanoseconds. */
function seconds(nanoseconds: bigint): bigint {
  return nanoseconds / 1_000_000_000n;
}
