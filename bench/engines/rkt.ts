import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { openHome, rktProgram, run } from '#tests/support';
import { measure, type Sample } from '../clock.ts';
import type { Command, Engine, Material, Opened } from '../engine.ts';
import { chatter } from '../measures/output.ts';

function podsLeft(dataDir: string): boolean {
  return ['prepare', 'prepared', 'run', 'exited-garbage', 'garbage'].some((phase) => readdirSync(`${dataDir}/pods/${phase}`).length > 0);
}

/** What rkt has built in, under another name and addresses that leave rkt's alone. */
const DEFAULT = {
  cniVersion: '0.1.0',
  name: 'bench',
  type: 'ptp',
  ipMasq: true,
  ipam: { type: 'host-local', subnet: '172.16.29.0/24', routes: [{ dst: '0.0.0.0/0' }] },
};

/** One ADD of the plugin, in a namespace made before and removed after. */
async function pluginsAlone(conf: string): Promise<Sample> {
  writeFileSync(conf, JSON.stringify(DEFAULT));
  const name = `bench-${process.pid}`;
  const env = { CNI_CONTAINERID: name, CNI_NETNS: `/run/netns/${name}`, CNI_IFNAME: 'eth0', CNI_PATH: '/usr/lib/cni' };
  const command = (what: string): Command => ({ argv: ['sh', '-c', `exec /usr/lib/cni/ptp <${conf}`], env: { ...env, CNI_COMMAND: what } });
  await run('ip', ['netns', 'add', name]);
  try {
    return await measure(command('ADD'));
  } finally {
    await measure(command('DEL'));
    await run('ip', ['netns', 'del', name]);
  }
}

/** The rkt that was built here, or the one that `$RKT` names. */
export const rkt: Engine = {
  name: 'rkt',
  programs: [],
  debianPackage: '',
  async open({ aci }: Material): Promise<Opened> {
    const home = openHome();
    const { stdout } = await home.rkt(['--insecure-options=image', 'fetch', aci]);
    const image = /sha512-[0-9a-f]+/.exec(stdout)![0];
    const command = (...args: readonly string[]): Command => ({ argv: [rktProgram(), ...home.flags, ...args] });
    const chatty = [`--exec=${chatter[0]}`, '--', ...chatter.slice(1)];
    let pulled: string | undefined;
    const removeAll = async (): Promise<void> => {
      const { stdout: list } = await home.rkt(['list', '--full', '--no-legend']);
      const running = list.split('\n').filter((line) => /\trunning\t/.test(line)).map((line) => line.split('\t')[0]!);
      if (running.length > 0) await home.rkt(['stop', '--force', ...running], { timeout: 300_000 });
      // A pod that has not ended yet is left to the next collection.
      do await home.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s'], { timeout: 600_000 });
      while (podsLeft(home.dataDir));
    };
    return {
      runToExit: {
        none: command('run', '--net=none', image, '--exec=/bin/true'),
        default: command('run', '--net=default', image, '--exec=/bin/true'),
      },
      plugins: () => pluginsAlone(home.file('default.conf')),
      forgetTree: () => {
        const records = `${home.dataDir}/cas/db/image`;
        const [record] = readdirSync(records).filter((name) => name.startsWith(image) && name.endsWith('.tree'));
        if (record !== undefined) rmSync(`${home.dataDir}/cas/tree/${readFileSync(`${records}/${record}`, 'utf8')}`, { recursive: true, force: true });
      },
      start: (name, [program = '', ...args]) => ({
        ...command('run', '--net=none', image, `--name=${name}`, `--exec=${program}`, '--', ...args),
        background: true,
      }),
      chatter: {
        alone: command('run', '--net=none', image, ...chatty),
        'of several': command('run', '--net=none', image, ...chatty, '---', image, '--name=other', '--exec=/bin/true'),
        logged: command('run', '--net=none', image, '--stdout=log', ...chatty),
      },
      leaveExited: () => command('run', '--net=none', image, '--exec=/bin/true'),
      list: command('list'),
      removeAll,
      pull: (remote) => {
        pulled = `${home.path}/pulled`;
        return { argv: [rktProgram(), `--dir=${pulled}`, ...home.flags.slice(1), '--insecure-options=image,http', 'fetch', `docker://${remote}`] };
      },
      forget: async () => {
        if (pulled !== undefined) rmSync(pulled, { recursive: true, force: true });
        await run('sync', []);
      },
      close: async () => home[Symbol.asyncDispose](),
    };
  },
};
