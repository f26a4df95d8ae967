import { run } from '#tests/support';
import { execute } from '../clock.ts';
import type { Command, Engine, Opened } from '../engine.ts';
import { startDaemon } from './daemon.ts';

/** docker with a dockerd of its own, which starts a containerd of its own. */
export const docker: Engine = {
  name: 'docker',
  programs: ['docker', 'dockerd'],
  debianPackage: 'docker.io',
  async open({ work, image }): Promise<Opened> {
    const host = `unix://${work}/d.sock`;
    const command = (...args: readonly string[]): Command => ({ argv: ['docker', '--host', host, ...args] });
    const where = ['--data-root', `${work}/data`, '--exec-root', `${work}/exec`, '--pidfile', `${work}/pid`];
    const daemon = await startDaemon('dockerd', ['--host', host, ...where, '--default-ulimit=nofile=1024:4096'], command('version'));
    const pull = (name: string): Command => command('pull', '--quiet', name);
    await execute(pull(image));
    const removeAll = async (): Promise<void> => {
      const { stdout } = await run('docker', ['--host', host, 'ps', '--all', '--quiet']);
      const ids = stdout.split('\n').filter(Boolean);
      if (ids.length > 0) await execute(command('rm', '--force', ...ids));
    };
    return {
      daemonPids: () => daemon.pids(),
      runToExit: {
        none: command('run', '--rm', '--network=none', image, '/bin/true'),
        default: command('run', '--rm', '--network=bridge', image, '/bin/true'),
      },
      start: (name, app) => command('run', '--detach', '--network=none', '--name', name, image, ...app),
      leaveExited: (name) => command('run', '--network=none', '--name', name, image, '/bin/true'),
      list: command('ps', '--all'),
      removeAll,
      pull,
      forget: async (name) => void (await execute(command('rmi', '--force', name))),
      close: () => daemon.stop(),
    };
  },
};
