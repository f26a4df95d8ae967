import { appFlags, deprecatedIsolatorFlags, deprecatedPullFlags, isolatorFlags, pullPolicyFlag, upkeepFlags } from './app.ts';
import { bool, type FlagSpec, list, text, value } from './spec.ts';

export const stage1Flags: readonly FlagSpec[] = [
  value('stage1-from-dir', 'file name of a stage1 image in the stage1 images directory'),
  value('stage1-hash', 'hash of the image to use as stage1'),
  value('stage1-name', 'name of the image to use as stage1'),
  value('stage1-path', 'path of the image to use as stage1'),
  value('stage1-url', 'URL of the image to use as stage1'),
];

export const networkFlags: readonly FlagSpec[] = [
  list('dns', "name servers of the pod. 'host': the host's resolv.conf, 'none': no resolv.conf even if a network has one"),
  text('dns-domain', 'DNS domain of the pod'),
  list('dns-opt', 'DNS options of the pod'),
  list('dns-search', 'DNS search domains of the pod'),
  list('hosts-entry', "entries for the pod's /etc/hosts, as IP=NAME. 'host': the host's /etc/hosts"),
  text('hostname', 'host name of the pod. If empty, it will be "rkt-$PODUUID"'),
  value(
    'net',
    "networks of the pod: 'default', 'default-restricted', 'host', 'none', 'all' or configured ones, with arguments. Syntax: --net[=n[:args], ...]",
    { alone: 'default', repeats: true },
  ),
];

export const runFlags: readonly FlagSpec[] = [
  ...networkFlags,
  bool('interactive', 'run the pod interactively. It may have only one app'),
  text('ipc', 'IPC namespace of the pod. Syntax: --ipc=[auto|private|parent]', {
    choices: ['', 'auto', 'private', 'parent'],
  }),
  bool('mds-register', 'register the pod with the metadata service, and tell the apps where it is in AC_METADATA_URL'),
];

export const noOverlayFlag = bool('no-overlay', "copy the apps' files into the pod instead of using an overlay");

export const privateUsersFlag = bool('private-users', "run the pod in a user namespace of its own: its root is nobody on the host");

export const podNameFlag = text('pod-name', 'name of the pod, by which every command finds it as by its UUID. No two pods that have not exited have the same');

export const prepareFlags: readonly FlagSpec[] = [
  ...appFlags,
  ...isolatorFlags,
  ...upkeepFlags,
  ...deprecatedIsolatorFlags,
  ...deprecatedPullFlags,
  ...stage1Flags,
  noOverlayFlag,
  bool('inherit-env', 'let the apps inherit the environment of rkt'),
  text('pod-manifest', "path of a finished pod manifest to use. Then options for images, volumes, ports and environment may not be given"),
  podNameFlag,
  list('port', 'port of an app to expose on the host. Syntax: --port=NAME:[HOSTIP:]HOSTPORT'),
  privateUsersFlag,
  pullPolicyFlag('new'),
  list('set-env', 'environment variable for all apps, as NAME=VALUE; weaker than --environment'),
  list('set-env-file', 'file with environment variables for all apps, a NAME=VALUE a line'),
  bool('verify-content', 'read all files of the images again before they run, and compare them with what was unpacked'),
  list('volume', "volume of the pod (example: '--volume=data,kind=host,source=/srv/data,readOnly=true')"),
];

export const uuidFileFlag = text('uuid-file', 'read the UUID of the pod from a file instead of an argument');

export const formatFlag = value('format', "output format: 'json' or 'json-pretty'. If empty, text", {
  choices: ['', 'json', 'json-pretty'],
});

export const prettyPrintFlag = bool('pretty-print', 'indent the output', { initial: 'true' });
