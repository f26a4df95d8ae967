import type { Command, Engine, Opened } from '../engine.ts';
import { execute } from '../clock.ts';
import { chatter } from '../measures/output.ts';

/** One after the other, each with the words that belong to it. */
function inTurn(...commands: readonly Command[]): Command {
  const quoted = ({ argv }: Command): string => argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  return { argv: ['sh', '-c', commands.map(quoted).join(' >&2; ')] };
}

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
      chatter: {
        alone: running('--rm', '--network=none', image, ...chatter),
        logged: inTurn(
          command('run', '--detach', '--ulimit=nofile=1024:4096', '--ulimit=nproc=4096:4096', '--log-driver=k8s-file', '--log-opt=max-size=10mb', '--network=none', '--name=chatter', image, ...chatter),
          command('wait', 'chatter'),
          command('logs', '--tail=1', 'chatter'),
          command('rm', 'chatter'),
        ),
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
