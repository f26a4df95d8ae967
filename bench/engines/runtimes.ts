import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { run } from '#tests/support';
import { execute } from '../clock.ts';
import type { Command, Engine, Opened } from '../engine.ts';

/** An OCI runtime alone, with a bundle made beforehand: the least that any engine built on it can take. */
function runtime(name: string): Engine {
  return {
    name: `${name} alone`,
    programs: [name],
    debianPackage: name,
    async open({ work, rootfs }): Promise<Opened> {
      cpSync(rootfs, `${work}/rootfs`, { recursive: true, verbatimSymlinks: true });
      mkdirSync(`${work}/state`);
      await execute({ argv: ['sh', '-c', `cd ${work} && ${name} spec`] });
      const config = JSON.parse(readFileSync(`${work}/config.json`, 'utf8')) as { process: Record<string, unknown> };
      const bundle = (path: string, args: readonly string[]): string => {
        mkdirSync(`${work}/${path}`, { recursive: true });
        const own = { ...config, process: { ...config.process, args, terminal: false, rlimits: [] }, root: { path: `${work}/rootfs`, readonly: true } };
        writeFileSync(`${work}/${path}/config.json`, JSON.stringify(own));
        return `${work}/${path}`;
      };
      const exit = bundle('exit', ['/bin/true']);
      const command = (...args: readonly string[]): Command => ({ argv: [name, '--root', `${work}/state`, ...args] });
      const removeAll = async (): Promise<void> => {
        const { stdout } = await run(name, ['--root', `${work}/state`, 'list', '--quiet']);
        for (const id of stdout.split(/\s+/).filter(Boolean)) await execute(command('delete', '--force', id));
      };
      return {
        runToExit: { none: command('run', '--bundle', exit, 'exit') },
        start: (id, app) => command('run', '--detach', '--bundle', bundle(id, app), id),
        removeAll,
        close: removeAll,
      };
    },
  };
}

export const crun = runtime('crun');
export const runc = runtime('runc');

export const nspawn: Engine = {
  name: 'systemd-nspawn',
  programs: ['systemd-nspawn'],
  debianPackage: 'systemd-container',
  async open({ work, rootfs }): Promise<Opened> {
    cpSync(rootfs, `${work}/rootfs`, { recursive: true, verbatimSymlinks: true });
    mkdirSync(`${work}/rootfs/usr`, { recursive: true });
    const flags = ['--quiet', '--register=no', '--keep-unit', '--console=pipe', '--private-network', '--directory', `${work}/rootfs`];
    return { runToExit: { none: { argv: ['systemd-nspawn', ...flags, '/bin/true'] } }, close: async () => {} };
  },
};
