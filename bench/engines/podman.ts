import type { Command, Engine, Opened } from '../engine.ts';
import { execute } from '../clock.ts';

/** podman with a store of its own. Limits low enough to be set without CAP_SYS_RESOURCE. */
export const podman: Engine = {
  name: 'podman',
  programs: ['podman'],
  debianPackage: 'podman',
  async open({ work, image }): Promise<Opened> {
    const flags = ['--root', `${work}/root`, '--runroot', `${work}/run`, '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
    const command = (...args: readonly string[]): Command => ({ argv: ['podman', ...flags, ...args] });
    const pull = (name: string): Command => command('pull', '--quiet', '--tls-verify=false', name);
    await execute(pull(image));
    const running = (...args: readonly string[]): Command => command('run', '--ulimit=nofile=1024:4096', '--ulimit=nproc=4096:4096', '--log-driver=none', ...args);
    return {
      runToExit: {
        none: running('--rm', '--network=none', image, '/bin/true'),
        default: running('--rm', '--network=bridge', image, '/bin/true'),
      },
      start: (name, app) => running('--detach', '--network=none', '--name', name, image, ...app),
      leaveExited: (name) => running('--network=none', '--name', name, image, '/bin/true'),
      list: command('ps', '--all'),
      removeAll: async () => void (await execute(command('rm', '--all', '--force', '--time=0'))),
      pull,
      forget: async (name) => void (await execute(command('rmi', '--force', name))),
      close: async () => void (await execute(command('system', 'reset', '--force'))),
    };
  },
};
