/** A third party's stage1: shell scripts and a busybox, which take apps apart from the host by chroot(1) alone. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAci } from '../../scripts/write-aci.ts';

export interface ScriptStage1 {
  readonly name?: string;
  readonly version?: string;
  /** Null: without the annotation. */
  readonly interfaceVersion: string | null;
  /** Entrypoints that the image does not name. */
  readonly without?: readonly string[];
  /** What becomes of the process that rkt becomes; `supervises` unless given. */
  readonly leader?: 'supervises' | 'becomes the app';
  /** Scripts that are others. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** A directory of the host where the scripts tell what they were asked. */
  readonly evidence: string;
}

const ENTRYPOINTS = ['run', 'enter', 'stop', 'gc', 'attach', 'app/add', 'app/start', 'app/stop', 'app/rm'];
/** What images of interface versions before 5 do not have. */
const LATE = ['attach', 'app/add', 'app/start', 'app/stop', 'app/rm'];

/** Prints what an app executes, in words for a shell. */
const EXEC_OF = `#!${process.execPath}
const { apps } = JSON.parse(require('fs').readFileSync('pod', 'utf8'));
const { exec } = apps.find(({ name }) => name === process.argv[2]).app;
console.log(exec.map((word) => "'" + word.replaceAll("'", "'\\\\''") + "'").join(' '));
`;

const head = (evidence: string, what: string): string => `#!/bin/sh
{ echo "$*"; env; } > "${evidence}/${what}.$$" && mv "${evidence}/${what}.$$" "${evidence}/${what}"
root=$PWD/stage1/rootfs
busybox=$root/bin/busybox
words_of() { echo "env -i $(grep -v ' ' "$root/rkt/env/$1" | tr '\\n' ' ') $busybox chroot $root/opt/stage2/$1/rootfs"; }
tree() { for child in $(cat /proc/$1/task/*/children 2>/dev/null); do tree $child; done; echo $1; }
`;

/** The process rkt became waits; its only child is what the pod is entered by, and the parent of the apps. */
const SUPERVISE = `mkdir -p "$root/rkt/status"
start() { eval "$(words_of "$1") $("$root/ex/exec-of" "$1")"; echo $? > "$root/rkt/status/.$1"; mv "$root/rkt/status/.$1" "$root/rkt/status/$1"; }
case " $* " in *' --mutable '*) lingers=1;; *) lingers=;; esac
echo $$ > ppid
(
  for app in $(ls "$root/opt/stage2" 2>/dev/null); do start "$app" & done
  ln -s ready "$root/rkt/supervisor-status"
  while [ -n "$lingers" ] && [ ! -e stage1/ending ]; do sleep 0.1; done
  wait
) &
echo $! > stage1/init
wait
for app in $(ls "$root/opt/stage2" 2>/dev/null); do
  [ "$(cat "$root/rkt/status/$app")" = 0 ] || exit "$(cat "$root/rkt/status/$app")"
done
`;

/** The process rkt became is the app: nobody is left to say how it ends. */
const BECOME = `echo $$ > pid
app=$(ls "$root/opt/stage2")
eval "exec $(words_of "$app") $("$root/ex/exec-of" "$app")"
`;

const scriptsFor = (evidence: string): Record<string, string> => ({
  run: `${head(evidence, 'run')}${SUPERVISE}`,
  enter: `${head(evidence, 'enter')}
for word; do
  shift
  case $word in --appname=*) app=\${word#*=};; --) break;; esac
done
exec $(words_of "$app") "$@"
`,
  stop: `${head(evidence, 'stop')}touch stage1/ending
case $1 in --force) signal=KILL;; *) signal=TERM;; esac
leader=$(cat ppid 2>/dev/null || cat pid)
victims=
for pid in $(for top in $leader $(cat stage1/pid-* 2>/dev/null); do tree $top; done); do
  [ -e ppid ] && [ $signal = TERM ] && case $pid in $leader|$(cat stage1/init)) continue;; esac
  victims="$victims $pid"
done
[ -z "$victims" ] || kill -$signal $victims 2>/dev/null
true
`,
  gc: `${head(evidence, 'gc')}ls "$root/rkt/status" > "${evidence}/gc-status" 2>/dev/null
true
`,
  attach: `${head(evidence, 'attach')}echo "attached to $RKT_STAGE1_ENTERAPP"
`,
  'app/add': `${head(evidence, 'app-add')}test -x "$root/opt/stage2/$RKT_STAGE1_ENTERAPP/rootfs/bin/busybox" && "$root/ex/exec-of" "$RKT_STAGE1_ENTERAPP" > /dev/null
`,
  'app/start': `${head(evidence, 'app-start')}app=$RKT_STAGE1_ENTERAPP
eval "set -- $("$root/ex/exec-of" "$app")"
(
  "$RKT_STAGE1_ENTERCMD" --pid="$RKT_STAGE1_ENTERPID" --appname="$app" -- "$@" &
  echo $! > stage1/pid-$app
  wait $!
  echo $? > "$root/rkt/status/$app"
) < /dev/null > /dev/null 2>&1 &
`,
  'app/stop': `${head(evidence, 'app-stop')}app=$RKT_STAGE1_ENTERAPP
[ -e stage1/pid-$app ] && [ ! -e "$root/rkt/status/$app" ] || exit 5
kill $(tree "$(cat stage1/pid-$app)")
while [ ! -e "$root/rkt/status/$app" ]; do sleep 0.1; done
`,
  'app/rm': `${head(evidence, 'app-rm')}rm -f stage1/pid-$RKT_STAGE1_ENTERAPP
`,
});

/** Writes the image; gives its path. */
export function makeScriptStage1(path: string, options: ScriptStage1): string {
  const { evidence, interfaceVersion, name = 'example.com/stage1-script', scripts = {}, version = '1.0' } = options;
  const without = [...(options.without ?? []), ...(Number(interfaceVersion ?? 1) < 5 ? LATE : [])];
  const names = ENTRYPOINTS.filter((each) => !without.includes(each));
  const work = mkdtempSync(join(tmpdir(), 'rkt-stage1-script-'));
  try {
    const rootfs = join(work, 'rootfs');
    const install = (file: string, write: (path: string) => void): void => {
      mkdirSync(join(rootfs, file, '..'), { recursive: true });
      write(join(rootfs, file));
      chmodSync(join(rootfs, file), 0o755);
    };
    install('bin/busybox', (to) => copyFileSync('/bin/busybox', to));
    install('ex/exec-of', (to) => writeFileSync(to, EXEC_OF));
    const becomes = options.leader === 'becomes the app' ? { run: `${head(evidence, 'run')}${BECOME}` } : {};
    const all: Record<string, string> = { ...scriptsFor(evidence), ...becomes, ...scripts };
    for (const each of names) install(`ex/${each}`, (to) => writeFileSync(to, all[each]!));
    writeAci(path, manifest(name, version, names, interfaceVersion), rootfs);
    return path;
  } finally {
    rmSync(work, { recursive: true });
  }
}

function manifest(name: string, version: string, entrypoints: readonly string[], interfaceVersion: string | null): object {
  const annotation = (key: string, value: string): object => ({ name: `coreos.com/rkt/stage1/${key}`, value });
  return {
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name,
    labels: [
      { name: 'version', value: version },
      { name: 'os', value: 'linux' },
      { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' },
    ],
    annotations: [
      ...entrypoints.map((each) => annotation(each, `/ex/${each}`)),
      ...(interfaceVersion === null ? [] : [annotation('interface-version', interfaceVersion)]),
    ],
  };
}
