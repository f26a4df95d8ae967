import { bool, type FlagSpec, list, text, value } from './spec.ts';

const app = { scope: 'app' } as const;

export const signatureFlag: FlagSpec = value(
  'signature',
  'local signature file to check the preceding image against',
  app,
);

/** What differs for one app from its image's manifest. */
export const appFlags: readonly FlagSpec[] = [
  list('annotation', "add an annotation to the app (example: '--annotation=foo=bar')", app),
  list('environment', "set an environment variable of the app (example: '--environment=foo=bar')", app),
  value('exec', 'run this instead of the command of the preceding image', app),
  value('group', "run the app as this group (example: '--group=group')", app),
  list('mount', "mount a volume at a path within the app (example: '--mount=volume=data,target=/data')", {
    scope: 'either',
  }),
  value('name', "name of the app (example: '--name=foo'). If not set, the last part of the image's name", app),
  value('readonly-rootfs', "mount the app's root file system read-only (example: '--readonly-rootfs=true')", app),
  signatureFlag,
  list('supplementary-gids', "supplementary groups of the app: numbers, names, or files whose group is meant (example: '--supplementary-gids=1024,audio')", app),
  value('user', "run the app as this user (example: '--user=user')", app),
  list('user-annotation', "add a user annotation to the app (example: '--user-annotation=foo=bar')", app),
  list('user-label', "add a user label to the app (example: '--user-label=foo=bar')", app),
  value('working-dir', 'working directory of the app', app),
  value('log-files', "how many files the app's log has, for --stdout=log and --stderr=log", { ...app, initial: '5' }),
  value('log-size', "how large a file of the app's log gets", { ...app, initial: '10Mi' }),
  value('stderr', "what becomes of the app's standard error: 'null', 'log', 'journal', 'stream' or 'tty'. If not given, as that of rkt", app),
  value('stdin', "where the app's standard input comes from: 'null', 'stream' or 'tty'. If not given, nowhere", app),
  value('stdout', "what becomes of the app's standard output, as for --stderr", app),
];

/** What keeps an app up. */
export const upkeepFlags: readonly FlagSpec[] = [
  value('health-cmd', "run this in the app to see whether it is well: a line for its shell, or a list of words in JSON. 'none': no probes", app),
  value('health-http', "ask the app this over HTTP to see whether it is well, as PORT[/PATH] (example: '--health-http=8080/health')", app),
  value('health-interval', 'time between two probes', { ...app, initial: '30s' }),
  value('health-on-failure', "what is done with an unhealthy app: 'none', 'kill' (its restart policy applies), 'restart' or 'stop'", {
    ...app,
    initial: 'none',
    choices: ['none', 'kill', 'restart', 'stop'],
  }),
  value('health-retries', 'failed probes in a row that make an app unhealthy', { ...app, initial: '3' }),
  value('health-start-period', 'time after the start of the app in which failed probes do not count', { ...app, initial: '0s' }),
  value('health-tcp', 'connect to this port of the app to see whether it is well', app),
  value('health-timeout', 'a probe that takes longer has failed', { ...app, initial: '30s' }),
  bool('no-healthcheck', 'do not probe the app, whatever its image says', app),
  value('restart', "start the app again when it has ended: 'no', 'on-failure[:N]' (at most N times) or 'always'", { ...app, initial: 'no' }),
];

export const isolatorFlags: readonly FlagSpec[] = [
  value('caps-remove', "capabilities to take from the app (example: '--caps-remove=CAP_MKNOD')", app),
  value('caps-retain', "the only capabilities the app keeps (example: '--caps-retain=CAP_SYS_ADMIN')", app),
  value('cpu', "CPU limit of the app (example: '--cpu=500m')", app),
  value('cpu-shares', "CPU time weight of the app (example: '--cpu-shares=2048')", app),
  value('memory', "memory limit of the app (examples: '--memory=16Mi', '--memory=50M', '--memory=1G')", app),
  value('oom-score-adj', 'how eagerly the kernel ends the app when memory runs out, -1000 to 1000', app),
  value('seccomp', "system call filter of the app (example: '--seccomp mode=retain,errno=EPERM,chmod,chown')", app),
];

/** The old spellings. */
export const deprecatedIsolatorFlags: readonly FlagSpec[] = [
  value('cap-remove', 'see --caps-remove', { ...app, deprecated: 'use --caps-remove instead' }),
  value('cap-retain', 'see --caps-retain', { ...app, deprecated: 'use --caps-retain instead' }),
];

export const deprecatedPullFlags: readonly FlagSpec[] = [
  bool('no-store', 'fetch images whatever the store has', { deprecated: 'please use --pull-policy=update' }),
  bool('store-only', 'use only images in the store', { deprecated: 'please use --pull-policy=never' }),
];

export function pullPolicyFlag(initial: 'new' | 'update'): FlagSpec {
  return text('pull-policy', "when to fetch an image: 'never', 'new' (if not in the store) or 'update'", {
    initial,
    choices: ['never', 'new', 'update'],
  });
}
