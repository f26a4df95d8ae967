/** The executables of the images that come with rkt, which lead here: its stage1s behind the contract any other keeps. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type AcName, parseAcName, parsePodManifest } from '#appc';
import { podFiles } from '#pod';
import { type AttachPoint, type EnterArgs, type FlavorContext, LOCK_FD_VARIABLE, parseRunArgs, SELINUX, stage1Layout, type StopArgs } from '#stage1/abi';
import { hasPodMounts } from '#stage1/external';
import { fly } from '#stage1/fly';
import { ociFlavor } from '#stage1/oci';
import { attachedCaller } from './attached-caller.ts';
import { CliError } from './cli-error.ts';
import { parseDetachKeys } from './requests/detach-keys.ts';
import { writeAll } from './terminal.ts';

type Entry = (context: FlavorContext, argv: readonly string[]) => Promise<unknown>;

const OCI: Readonly<Record<string, Entry>> = {
  run: (context, argv) => ociFlavor.run(context, parseRunArgs(argv), Promise.resolve([])),
  enter: (context, argv) => ociFlavor.enter(context, enterArgs(argv)),
  stop: (context, argv) => ociFlavor.stop(context, stopArgs(context, argv)),
  gc: (context, argv) => ociFlavor.gc(context, { uuid: uuidOf(context), localConfig: valueOf(argv, '--local-config') ?? '/etc/rkt', debug: isOn(argv, '--debug') }),
  attach,
  'app/add': (context, argv) => {
    const manifest = parsePodManifest(readFileSync(`${context.podDir}/${podFiles.manifest}`, 'utf8'));
    return ociFlavor.addApp(context, { ...appArgs(context, argv), manifest }, []);
  },
  'app/start': (context, argv) => ociFlavor.startApp(context, appArgs(context, argv)),
  'app/stop': (context, argv) => ociFlavor.stopApp(context, appArgs(context, argv)),
  'app/rm': (context, argv) => ociFlavor.rmApp(context, appArgs(context, argv)),
};

const FLY: Readonly<Record<string, Entry>> = {
  run: (context, argv) => fly.run(context, parseRunArgs(argv)),
  enter: (context, argv) => fly.enter(context, enterArgs(argv)),
  stop: (context, argv) => fly.stop(context, stopArgs(context, argv)),
  // There is nothing of it outside the pod.
  gc: async () => {},
};

const FLAVORS: Readonly<Record<string, Readonly<Record<string, Entry>>>> = { oci: OCI, fly: FLY };

/** `rkt __stage1 FLAVOR ENTRYPOINT ARGUMENTS`, in the directory of a pod. */
export async function stage1Main([flavor = '', name = '', ...argv]: readonly string[], environment: Readonly<NodeJS.ProcessEnv>): Promise<number> {
  const entries = Object.hasOwn(FLAVORS, flavor) ? FLAVORS[flavor]! : {};
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry === undefined) throw new CliError('bad-request', `there is no entrypoint ${name} of a stage1 ${flavor}`);
  await entry(contextOf(process.cwd(), environment), argv);
  return 0;
}

/** Apps have been mounted below the files of stage1 by whoever executed this. */
function contextOf(podDir: string, environment: Readonly<NodeJS.ProcessEnv>): FlavorContext {
  const { [SELINUX.process]: label, [SELINUX.files]: file } = environment;
  return {
    podDir,
    stage1Root: `${podDir}/${stage1Layout.rootfs}`,
    lockFd: Number(environment[LOCK_FD_VARIABLE] ?? -1),
    hasMounts: hasPodMounts(podDir),
    selinux: label && file ? { process: label, file, image: file } : undefined,
    warn: (text) => writeAll(2, `${text}\n`),
  };
}

/** A pod's directory has its name. */
function uuidOf({ podDir }: FlavorContext): string {
  return basename(podDir);
}

function enterArgs(argv: readonly string[]): EnterArgs {
  const end = argv.indexOf('--');
  return { appName: appOf(argv, '--appname'), command: end < 0 ? [] : argv.slice(end + 1) };
}

function stopArgs(context: FlavorContext, argv: readonly string[]): StopArgs {
  return { uuid: uuidOf(context), force: argv.includes('--force'), debug: false };
}

function appArgs(context: FlavorContext, argv: readonly string[]): { uuid: string; appName: AcName; debug: boolean } {
  return { uuid: uuidOf(context), appName: appOf(argv, '--app'), debug: isOn(argv, '--debug') };
}

function appOf(argv: readonly string[], flag: string): AcName {
  return parseAcName(valueOf(argv, flag) ?? '');
}

/** `--flag=value` or `--flag value`, before a `--`. */
function valueOf(argv: readonly string[], flag: string): string | undefined {
  for (const [at, word] of argv.entries()) {
    if (word === '--') return undefined;
    if (word === flag) return argv[at + 1];
    if (word.startsWith(`${flag}=`)) return word.slice(flag.length + 1);
  }
  return undefined;
}

function isOn(argv: readonly string[], flag: string): boolean {
  return argv.includes(flag) || argv.includes(`${flag}=true`);
}

async function attach(context: FlavorContext, argv: readonly string[]): Promise<void> {
  const appName = appOf(argv, '--app');
  const action = valueOf(argv, '--action');
  if (action === 'list') return writeAll(1, `${await ociFlavor.attachPoints(context, appName)}\n`);
  const all: readonly AttachPoint[] = ['stdin', 'stdout', 'stderr', 'tty-in', 'tty-out'];
  const points = action === 'custom-attach' ? all.filter((point) => isOn(argv, `--${point}`)) : undefined;
  await ociFlavor.attach(context, { appName, points, detachKeys: parseDetachKeys('ctrl-p,ctrl-q') }, attachedCaller());
}
