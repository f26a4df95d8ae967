import { run } from '#tests/support';
import { execute } from '../clock.ts';
import type { Command, Engine, Opened } from '../engine.ts';
import { startDaemon } from './daemon.ts';

/** containerd by its own client, with a containerd of its own. It has no network but the host's and none. */
export const ctr: Engine = {
  name: 'ctr',
  programs: ['ctr', 'containerd'],
  debianPackage: 'containerd',
  async open({ work, image }): Promise<Opened> {
    const flags = ['--address', `${work}/c.sock`];
    const command = (...args: readonly string[]): Command => ({ argv: ['ctr', ...flags, ...args] });
    const where = ['--address', `${work}/c.sock`, '--root', `${work}/root`, '--state', `${work}/state`, '--log-level', 'error'];
    const daemon = await startDaemon('containerd', where, command('version'));
    const pull = (name: string): Command => command('images', 'pull', '--plain-http', name);
    await execute(pull(image));
    const names = async (what: string): Promise<string[]> =>
      (await run('ctr', [...flags, what, 'list', '--quiet'])).stdout.split('\n').filter(Boolean);
    const removeAll = async (): Promise<void> => {
      for (const name of await names('tasks')) await execute(command('tasks', 'delete', '--force', name));
      const left = await names('containers');
      if (left.length > 0) await execute(command('containers', 'delete', ...left));
    };
    let exited = 0;
    return {
      daemonPids: () => daemon.pids(),
      runToExit: { none: { argv: ['sh', '-c', `exec ctr ${flags.join(' ')} run --rm ${image} "exit$$" /bin/true`] } },
      start: (name, app) => command('run', '--detach', image, name, ...app),
      leaveExited: (name) => command('run', '--null-io', image, `${name}-${exited++}`, '/bin/true'),
      list: command('containers', 'list'),
      removeAll,
      pull,
      forget: async (name) => void (await execute(command('images', 'rm', '--sync', name))),
      close: () => daemon.stop(),
    };
  },
};
