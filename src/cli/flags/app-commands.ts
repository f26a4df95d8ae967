import { appFlags, isolatorFlags, upkeepFlags } from './app.ts';
import { formatFlag, networkFlags, noOverlayFlag, podNameFlag, privateUsersFlag, stage1Flags } from './pod.ts';
import { bool, type CommandSpec, list, text } from './spec.ts';

const appFlag = text('app', 'name of the app');

const add: CommandSpec = {
  name: 'add',
  usage: 'UUID IMAGE [--name=NAME] [-- image-args...]',
  short: 'Add an app to a pod',
  long: `Adds an app to a running pod whose apps change; "rkt app start" starts it. The
image must be in the store, nothing is fetched.

What follows a lone "--" takes the place of the arguments that the image has
for its command.`,
  grammar: 'images',
  podFirst: true,
  imageArgs: true,
  flags: [
    ...appFlags,
    ...isolatorFlags,
    ...upkeepFlags,
    list('mnt-volume', "a volume of this app alone and where it is mounted (example: '--mnt-volume=name=data,kind=host,source=/srv/data,target=/data,readOnly=true')", { scope: 'app' }),
  ],
  examples: [{ title: 'A worker with a directory of the host', text: 'rkt app add 6f4f2914 example.com/worker --name=worker --mnt-volume=name=data,kind=host,source=/srv/data,target=/data' }],
};

const exec: CommandSpec = {
  name: 'exec',
  usage: '[--app=APPNAME] UUID [CMD [ARGS ...]]',
  short: 'Run a command in an app',
  long: 'Does what "rkt enter" does.',
  grammar: 'leading',
  needsRoot: true,
  flags: [text('app', 'name of the app to run the command in. May be empty where the pod has one app only')],
  examples: [{ title: 'What an app is doing', text: 'rkt app exec --app=worker 6f4f2914 ps' }],
};

const listApps: CommandSpec = {
  name: 'list',
  usage: 'UUID',
  short: 'List the apps of a pod',
  long: 'Prints the name and the state of each app: created, running, exited or unknown.',
  grammar: 'free',
  flags: [bool('no-legend', 'do not print the names of the columns')],
  examples: [{ title: 'For a script', text: 'rkt app list --no-legend 6f4f2914' }],
};

const rm: CommandSpec = {
  name: 'rm',
  usage: 'UUID --app=NAME',
  short: 'Remove an app from a pod',
  long: 'Removes an app and its files from a pod whose apps change. It is stopped before.',
  grammar: 'free',
  flags: [appFlag],
  examples: [{ title: 'Make room for a new version', text: 'rkt app rm 6f4f2914 --app=worker' }],
};

const sandbox: CommandSpec = {
  name: 'sandbox',
  short: 'Run a pod without apps, which come and go later',
  long: `Runs a pod that has no app, and stays until it is stopped. Its apps are added,
started, stopped and removed while it runs; none of them ends it.`,
  grammar: 'free',
  needsRoot: true,
  flags: [
    ...networkFlags,
    ...stage1Flags,
    noOverlayFlag,
    podNameFlag,
    privateUsersFlag,
    list('annotation', "add an annotation to the pod (example: '--annotation=foo=bar')"),
    list('port', 'port of the pod to expose on the host. Syntax: --port=NAME:PROTOCOL:PODPORT:HOSTIP:HOSTPORT'),
    list('user-annotation', "add a user annotation to the pod (example: '--user-annotation=foo=bar')"),
    list('user-label', "add a user label to the pod (example: '--user-label=foo=bar')"),
    text('uuid-file-save', 'write the UUID of the pod to this file'),
  ],
  examples: [{ title: 'A pod with a port, to be filled later', text: 'rkt app sandbox --uuid-file-save=/run/pod.uuid --port=http:tcp:8080:0.0.0.0:80' }],
};

const start: CommandSpec = {
  name: 'start',
  usage: 'UUID --app=NAME',
  short: 'Start an app in a pod',
  long: 'Starts an app that was added to the pod, or that has ended.',
  grammar: 'free',
  flags: [appFlag],
  examples: [{ title: 'After "rkt app add"', text: 'rkt app start 6f4f2914 --app=worker' }],
};

const status: CommandSpec = {
  name: 'status',
  usage: 'UUID --app=NAME [--format=json]',
  short: 'Check the status of an app in a pod',
  long: 'Prints the state of the app, since when it is there and runs, and how it has ended.',
  grammar: 'free',
  flags: [appFlag, formatFlag],
  examples: [{ title: 'How it has ended', text: 'rkt app status 6f4f2914 --app=worker --format=json | jq .exit_code' }],
};

const stop: CommandSpec = {
  name: 'stop',
  usage: 'UUID --app=NAME',
  short: 'Stop an app in a pod',
  long: 'Asks the app to end, kills it if it has not after ten seconds, and waits until it has ended.',
  grammar: 'free',
  flags: [appFlag],
  examples: [{ title: 'One app of several', text: 'rkt app stop 6f4f2914 --app=worker' }],
};

/** The apps of a running pod. */
export const appCommand: CommandSpec = {
  name: 'app',
  usage: '[command]',
  short: 'Operate on the apps of a running pod',
  grammar: 'free',
  flags: [],
  commands: [add, exec, listApps, rm, sandbox, start, status, stop],
};
