import { formatFlag, noOverlayFlag, prepareFlags, prettyPrintFlag, runFlags, uuidFileFlag } from './pod.ts';
import { bool, type CommandSpec, duration, text } from './spec.ts';

const aboutImages = `IMAGE is a hash of an image in the store, a file, a URL, a docker:// reference,
oci:, oci-archive: or docker-archive: with a path, - for standard input, or the
name of an image to discover; the first that matches is used.`;

const aboutPods = `A pod is named by its UUID, by the name it was given with --pod-name, or by the
start of its UUID, in this order.`;

const run: CommandSpec = {
  name: 'run',
  usage: '[--volume=name,kind=host,...] [--mount volume=VOL,target=PATH] IMAGE [-- image-args...[---]]...',
  short: 'Run image(s) in a pod in rkt',
  long: `${aboutImages}

Volumes are made available to the pod with --volume and bound into apps with
--mount. A --mount before the first image is for all apps, one after an image
only for that image's app; where both name one path, the app's own wins.

What follows a lone "--" is appended to the command of the image before it.
A lone "---" ends these arguments, and options and images may follow.`,
  grammar: 'images',
  imageArgs: true,
  needsRoot: true,
  flags: [...prepareFlags, ...runFlags, text('uuid-file-save', 'write the UUID of the pod to this file')],
  examples: [
    { title: 'An image from a Docker registry, with a command of your own', text: 'rkt --insecure-options=image run docker://busybox --exec=/bin/echo -- hello' },
    { title: 'A directory of the host for the app', text: 'rkt run --volume=data,kind=host,source=/srv/data example.com/worker --mount=volume=data,target=/data' },
    { title: 'Two apps in one pod', text: 'rkt run example.com/web --port=http:8080 -- --verbose --- example.com/log-shipper --memory=64Mi' },
    { title: 'A name by which every command finds the pod', text: 'rkt run --pod-name=web example.com/web' },
    { title: 'A unit of systemd', text: 'ExecStart=/usr/bin/rkt run --uuid-file-save=/run/web.uuid example.com/web\nExecStopPost=/usr/bin/rkt rm --uuid-file=/run/web.uuid' },
  ],
};

const prepare: CommandSpec = {
  name: 'prepare',
  usage: '[--volume=name,kind=host,...] [--mount volume=VOL,target=PATH] [--quiet] IMAGE [-- image-args...[---]]...',
  short: 'Prepare to run image(s) in a pod in rkt',
  long: `Makes a pod, prints its UUID and leaves it to "rkt run-prepared".

This is useful to know the UUID before the pod runs, and where fetching takes
long.

${aboutImages}

What follows a lone "--" is appended to the command of the image before it.
A lone "---" ends these arguments, and options and images may follow.`,
  grammar: 'images',
  imageArgs: true,
  needsRoot: true,
  flags: [...prepareFlags, bool('quiet', 'print nothing but the UUID')],
  examples: [{ title: 'Prepare now, run later', text: 'uuid=$(rkt prepare example.com/worker)\nrkt run-prepared "$uuid"' }],
};

const runPrepared: CommandSpec = {
  name: 'run-prepared',
  usage: 'UUID',
  short: 'Run a prepared application pod in rkt',
  long: `Runs the pod that "rkt prepare" has made. It runs once only.\n\n${aboutPods}`,
  grammar: 'free',
  needsRoot: true,
  flags: [...runFlags, { ...noOverlayFlag, help: 'accepted and without effect: the pod is as it was prepared' }],
  examples: [{ title: "With the host's network", text: 'rkt run-prepared --net=host 6f4f2914' }],
};

const enter: CommandSpec = {
  name: 'enter',
  usage: '[--app=APPNAME] UUID [CMD [ARGS ...]]',
  short: 'Enter the namespaces of an app within a rkt pod',
  long: `Runs CMD in a running pod, confined as the app is. Without CMD, /bin/bash.\n\n${aboutPods}`,
  grammar: 'leading',
  needsRoot: true,
  flags: [text('app', 'name of the app to enter within the pod')],
  examples: [{ title: 'A shell in one of several apps', text: 'rkt enter --app=web 6f4f2914 /bin/sh' }],
};

const attach: CommandSpec = {
  name: 'attach',
  usage: '[--app=APPNAME] [--mode=MODE] UUID',
  short: 'Attach to an app running within a rkt pod',
  long: `Connects standard input, output and error with those of an app that was started
with --stdin, --stdout or --stderr "stream" or "tty". Any number may be attached at
once. It ends when the app does; at a terminal the keys of --detach-keys end it.

MODE is "auto" (everything there is), "list" (prints what there is), or of "tty",
"tty-in", "tty-out", "stdin", "stdout" and "stderr" one or several, with commas;
terminals and streams do not go together.`,
  grammar: 'free',
  needsRoot: true,
  flags: [
    text('app', 'name of the app to attach to within the pod'),
    text('detach-keys', 'keys that leave the app alone again, at its terminal', { initial: 'ctrl-p,ctrl-q' }),
    text('mode', 'what to attach to', { initial: 'auto' }),
  ],
  examples: [
    { title: 'A shell that can be left and come back to', text: 'rkt run --pod-name=shell example.com/alpine --stdin=tty --stdout=tty --stderr=tty\nrkt attach shell' },
    { title: 'The errors of one app', text: 'rkt attach --app=web --mode=stderr 6f4f2914' },
  ],
};

const logs: CommandSpec = {
  name: 'logs',
  added: true,
  usage: '[--app=APPNAME] [--follow] UUID',
  short: 'Show what the apps of a pod have logged',
  long: `Prints the lines of apps that were started with --stdout=log or --stderr=log, in
the order of their times, each to the stream it was written to, while the pod runs
and until it is removed.

--since takes a duration (10m: since ten minutes) or a time
(2026-11-25T21:02:26Z).`,
  grammar: 'free',
  needsRoot: true,
  flags: [
    text('app', 'only this app'),
    bool('follow', 'go on with what is written, until the pod has ended'),
    text('since', 'only lines that are not older'),
    text('tail', "how many lines of the end, or 'all'", { initial: 'all' }),
    bool('timestamps', 'print the time of each line'),
  ],
  examples: [
    { title: 'What goes on', text: 'rkt logs --follow --tail=20 6f4f2914' },
    { title: 'The last ten minutes of one app, with times', text: 'rkt logs --app=web --since=10m --timestamps 6f4f2914' },
  ],
};

const exportPod: CommandSpec = {
  name: 'export',
  usage: '[--app=APPNAME] UUID OUTPUT_ACI_FILE',
  short: 'Export an app from an exited pod to an ACI file',
  long: `Writes the files of an app as the app has left them, with the manifest of its
image, as an image that runs on its own. Files of volumes are not part of it.

${aboutPods}`,
  grammar: 'free',
  needsRoot: true,
  flags: [text('app', 'name of the app to export within the pod'), bool('overwrite', 'overwrite the file')],
  examples: [{ title: 'What became of an app', text: 'rkt export --app=web 6f4f2914 web-as-left.aci' }],
};

const list: CommandSpec = {
  name: 'list',
  short: 'List pods',
  long: 'Prints a table of the pods and their apps.',
  grammar: 'free',
  flags: [formatFlag, bool('full', 'use long output format'), bool('no-legend', 'do not print the names of the columns')],
  examples: [{ title: 'The names of running apps', text: "rkt list --no-legend | awk '$4 == \"running\" { print $2 }'" }],
};

const status: CommandSpec = {
  name: 'status',
  usage: '[--wait=bool|timeout] [--wait-ready=bool|timeout] --uuid-file=FILE | UUID',
  short: 'Check the status of a rkt pod',
  long: `Prints the state of the pod, its pid and how its apps have ended.

--wait and --wait-ready take a boolean or a duration. True and a negative
duration wait without limit; false and a duration of zero do not wait.

--check-networks adds a line for each network: ok, broken, or unknown where its
plugins cannot be asked. What is broken is told, and the exit status is 1.

${aboutPods}`,
  grammar: 'free',
  flags: [
    bool('check-networks', 'ask the plugins of a running pod whether its networks are as they were made'),
    formatFlag,
    uuidFileFlag,
    text('wait', 'wait until the pod has ended', { initial: 'false', alone: 'true' }),
    text('wait-ready', 'wait until all apps of the pod have started', { initial: 'false', alone: 'true' }),
  ],
  examples: [{ title: 'Wait ten seconds at most for the apps to start', text: 'rkt status --wait-ready=10s 6f4f2914' }],
};

const stop: CommandSpec = {
  name: 'stop',
  usage: '--uuid-file=FILE | UUID ...',
  short: 'Stop a pod',
  long: aboutPods,
  grammar: 'free',
  flags: [bool('force', 'end the apps at once'), uuidFileFlag],
  examples: [{ title: 'Let the apps end by themselves', text: 'rkt stop 6f4f2914' }],
};

const rm: CommandSpec = {
  name: 'rm',
  usage: '--uuid-file=FILE | UUID ...',
  short: 'Remove all files and resources associated with an exited pod',
  long: `Removes certain pods, whereas gc removes all that have been garbage for long enough.\n\n${aboutPods}`,
  grammar: 'free',
  needsRoot: true,
  flags: [uuidFileFlag],
  examples: [{ title: 'Two pods', text: 'rkt rm 6f4f2914 0f746094' }],
};

const gc: CommandSpec = {
  name: 'gc',
  usage: '[--grace-period=duration] [--expire-prepared=duration]',
  short: 'Garbage collect rkt pods no longer in use',
  long: `To be run periodically, by a timer or cron.

A pod that has exited is marked as garbage by one run of gc, and removed by a
later one when it has been garbage for the grace period.

With --grace-period=0s pods are removed as soon as they are marked.`,
  grammar: 'free',
  needsRoot: true,
  flags: [
    duration('expire-prepared', '24h0m0s', 'how long a prepared pod may wait to be run'),
    duration('grace-period', '30m0s', 'how long a pod stays after it was marked'),
    bool('mark-only', 'mark pods, remove none'),
  ],
  examples: [{ title: 'Everything that does not run', text: 'rkt gc --grace-period=0s --expire-prepared=0s' }],
};

const catManifest: CommandSpec = {
  name: 'cat-manifest',
  usage: '--uuid-file=FILE | UUID ...',
  short: 'Inspect and print the pod manifest',
  long: aboutPods,
  grammar: 'free',
  flags: [prettyPrintFlag, uuidFileFlag],
  examples: [{ title: 'The images of a pod', text: "rkt cat-manifest 6f4f2914 | jq -r '.apps[].image.name'" }],
};

export const podCommands: readonly CommandSpec[] = [
  attach, catManifest, enter, exportPod, gc, list, logs, prepare, rm, run, runPrepared, status, stop,
];
