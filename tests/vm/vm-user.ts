import { rktProgram } from '#tests/support';
import type { VmResult } from './agent.ts';
import type { Vm } from './vm.ts';
import { quoted } from './vm-rkt.ts';

/** A user of a machine with systemd who is not root, has ids to give to pods, and a systemd of one's own that runs. */
export interface VmUser {
  readonly uid: number;
  readonly home: string;
  /** A shell command of the user's, as after a login: in no cgroup that is the user's. */
  command(script: string): string;
  as(script: string, options?: { readonly status?: 'any'; readonly timeout?: number }): Promise<VmResult>;
  /** The words of a command line of rkt, for images without signatures. */
  words(args: readonly string[]): string[];
  /** Runs rkt to its end, by `prefix`. Throws unless it ends with `status`, 0 if not given. */
  rkt(args: readonly string[], options?: RktOfUserOptions): Promise<VmResult>;
  /** Starts `rkt ARGS`, waits until the pod is ready and gives its UUID. */
  start(args: readonly string[], options?: RktOfUserOptions): Promise<string>;
}

export interface RktOfUserOptions {
  readonly status?: number;
  /** Words before rkt's, of a program that starts it. */
  readonly prefix?: string;
}

/**
 * Makes a user with ids to give to pods in a machine without systemd, whose disk is at /data, and gives a way to run scripts
 * as that user at home, /data/home, which has the files. By hand: useradd wants more of SELinux than a test's policy has.
 */
export async function addVmUser(vm: Vm, files: readonly string[]): Promise<(script: string, options?: { readonly status?: 'any' }) => Promise<VmResult>> {
  await vm.run(`
    echo vmuser:x:4242:4242::/data/home:/bin/sh >>/etc/passwd && echo vmuser:x:4242: >>/etc/group
    for file in subuid subgid; do echo vmuser:2000000:65536 >>/etc/$file; done
    chmod 755 /data && mkdir /data/home && cp ${files.map(quoted).join(' ')} /data/home && chown -R 4242:4242 /data/home`);
  const words = 'cd /data/home && /usr/bin/setpriv --reuid=4242 --regid=4242 --init-groups --reset-env env HOME=/data/home sh -c';
  return (script, options) => vm.run(`${words} ${quoted(script)}`, { timeout: TIMEOUT, ...options });
}

/** Milliseconds, on an emulated processor. */
const TIMEOUT = 180_000;

/** Words before those of a program that is to be in a scope whose cgroup is the user's own. */
export const inScope = (...properties: readonly string[]): string =>
  ['systemd-run --user --scope --quiet', ...properties.map((property) => `--property=${property}`), '--'].join(' ');

export async function openVmUser(vm: Vm): Promise<VmUser> {
  const home = '/data/home';
  await vm.run('mkdir -p /data && { mountpoint -q /data || mount /dev/vda /data; } && chmod 755 /data && useradd --create-home --home-dir=/data/home --shell=/bin/sh vmuser');
  const uid = Number((await vm.run('id -u vmuser')).stdout);
  await vm.run(`systemctl start user@${uid}.service`, { timeout: TIMEOUT });
  const environment = `HOME=${home} XDG_RUNTIME_DIR=/run/user/${uid} DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/${uid}/bus`;
  // The shell of the machine has a setpriv of its own, which can do less.
  const command = (script: string): string => `cd ${home} && /usr/bin/setpriv --reuid=${uid} --regid=${uid} --init-groups --reset-env env ${environment} sh -c ${quoted(script)}`;
  const words: VmUser['words'] = (args) => [rktProgram(), '--insecure-options=image', ...args];
  const rktLine = (args: readonly string[]): string => words(args).map(quoted).join(' ');
  const rkt: VmUser['rkt'] = async (args, { status = 0, prefix = '' } = {}) => {
    const result = await vm.run(command(`${prefix} ${rktLine(args)}`), { status: 'any', timeout: TIMEOUT });
    if (result.status === status) return result;
    throw new Error(`rkt ${args.join(' ')}: exit status ${result.status}, not ${status}\n${result.stdout}${result.stderr}`);
  };
  let started = 0;
  return {
    uid,
    home,
    command,
    as: (script, options) => vm.run(command(script), { timeout: TIMEOUT, ...options }),
    words,
    rkt,
    async start([verb = '', ...rest], { prefix = '' } = {}) {
      const file = `${home}/started-${started++}`;
      const all = [...verb.split(' '), `--uuid-file-save=${file}`, ...rest];
      await vm.run(`setsid sh -c ${quoted(command(`exec ${prefix} ${rktLine(all)}`))} >${file}.log 2>&1 </dev/null &`);
      const wait = `for i in $(seq 300); do [ -s ${file} ] && break; sleep 0.2; done; cat ${file} || { cat ${file}.log; exit 1; }`;
      const { stdout: uuid } = await vm.run(wait, { timeout: TIMEOUT });
      await rkt(['status', '--wait-ready=120s', uuid]);
      return uuid;
    },
  };
}
