/** One verb of the flavor in a process of its own, which may become another program. */
import { mkdirSync, readFileSync } from 'node:fs';
import type { FlavorContext, RunArgs } from '#stage1/abi';
import { flock, openForLock } from '#sys';
import { ociFlavor } from '#stage1/oci';

const [verb, podDir, text] = process.argv.slice(2) as [string, string, string];
const { stage1Root, layer, runArgs, words = [] } = JSON.parse(text) as {
  stage1Root: string;
  layer: string;
  runArgs: RunArgs;
  words?: string[];
};

function treeMountOf(app: string) {
  const overlay = `${podDir}/overlay/${app}`;
  const directories = { upperDir: `${overlay}/upper`, workDir: `${overlay}/work` };
  const target = `${podDir}/stage1/rootfs/opt/stage2/${app}/rootfs`;
  for (const directory of [target, ...Object.values(directories)]) mkdirSync(directory, { recursive: true });
  return { target, lowerDirs: [layer], ...directories };
}

function runPod(): Promise<never> {
  const lockFd = openForLock(podDir, 'directory');
  flock(lockFd, 'exclusive');
  const { apps } = JSON.parse(readFileSync(`${podDir}/pod`, 'utf8')) as { apps: { name: string }[] };
  return ociFlavor.run({ ...context, lockFd }, runArgs, Promise.resolve(apps.map(({ name }) => treeMountOf(name))));
}

const context: FlavorContext = { podDir, stage1Root, lockFd: -1, selinux: undefined, warn: (line) => process.stderr.write(`${line}\n`) };
const { uuid, localConfig } = runArgs;
try {
  if (verb === 'run') await runPod();
  if (verb === 'enter') await ociFlavor.enter(context, { appName: words[0]!, command: words.slice(1) });
  if (verb === 'stop') await ociFlavor.stop(context, { uuid, force: words[0] === 'force', debug: false });
  if (verb === 'gc') await ociFlavor.gc(context, { uuid, localConfig, debug: false });
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 254;
}
