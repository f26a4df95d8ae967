import { appFlags, isolatorFlags } from './app.ts';
import { formatFlag, networkFlags, noOverlayFlag, stage1Flags } from './pod.ts';
import { bool, type CommandSpec, list, text } from './spec.ts';

const later = { grammar: 'free', later: true } as const;
const appFlag = text('app', 'name of the app');

const appCommand: CommandSpec = {
  ...later,
  name: 'app',
  usage: '[command]',
  short: 'Operate on the apps of a running pod',
  hidden: true,
  flags: [],
  commands: [
    { ...later, name: 'add', usage: 'UUID IMAGEID ...', short: 'Add an app to a pod', flags: [...appFlags, ...isolatorFlags, list('mnt-volume', 'a volume and its mount in one')] },
    { ...later, name: 'exec', usage: '[--app=APP_NAME] UUID [CMD [ARGS ...]]', short: "Execute commands in the given app's namespace.", flags: [appFlag] },
    { ...later, name: 'list', usage: 'UUID', short: 'List apps for the given pod', flags: [bool('no-legend', 'do not print the names of the columns')] },
    { ...later, name: 'rm', usage: 'UUID --app=NAME', short: 'Remove an app from a pod', flags: [appFlag] },
    {
      ...later,
      name: 'sandbox',
      short: 'Create an empty pod application sandbox',
      flags: [...networkFlags, ...stage1Flags, noOverlayFlag, text('uuid-file-save', 'write the UUID of the pod to this file'), list('port', 'port to forward'), list('annotation', 'annotation of the pod'), list('user-annotation', 'user annotation of the pod'), list('user-label', 'user label of the pod')],
    },
    { ...later, name: 'start', usage: 'UUID --app=NAME', short: 'Start an app in a pod', flags: [appFlag] },
    { ...later, name: 'status', usage: 'UUID --app=APP_NAME [--format=json]', short: 'Check the status of an app in the given pod', flags: [appFlag, formatFlag] },
    { ...later, name: 'stop', usage: 'UUID --app=NAME', short: 'Stop an app in a pod', flags: [appFlag] },
  ],
};

/** Commands of rkt 1.30 that this version knows by name only. */
export const laterCommands: readonly CommandSpec[] = [
  { ...later, name: 'api-service', usage: '[--listen="localhost:15441"]', short: 'Run API service (experimental)', flags: [text('listen', 'address to listen on')] },
  appCommand,
  { ...later, name: 'attach', usage: '[--app=APPNAME] [--mode=MODE] UUID', short: 'Attach to an app running within a rkt pod', flags: [appFlag, text('mode', 'what to attach to', { initial: 'auto' })] },
];
