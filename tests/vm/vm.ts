import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type VmResult } from './agent.ts';
import { writeInitramfs } from './initramfs.ts';
import { VIRTIOFSD, vmCache } from './needs-vm.ts';

export interface VmOptions {
  /** Added to the kernel's command line: `security=selinux`. */
  readonly append?: string;
  /** More kernel modules than files and a disk need, by name. */
  readonly modules?: readonly string[];
  /** More of qemu's command line: another disk, a TPM. */
  readonly qemu?: readonly string[];
  /** Megabytes. */
  readonly memory?: number;
  /** Process 1 is the host's systemd, with cgroup v2, and not the agent. Ask {@link needsSystemdVm}. */
  readonly systemd?: boolean;
}

/**
 * A machine with a kernel of its own that has the host's files, which it cannot change: the rkt under test runs in it as it
 * is. What it writes is gone with it. `/dev/vda` is an empty ext4 of 512 MB. The shell is busybox's.
 */
export interface Vm extends AsyncDisposable {
  /** Runs a shell script as root. Any status but 0 throws with all that was printed, unless `any` is asked. */
  run(script: string, options?: { readonly status?: 'any'; readonly timeout?: number }): Promise<VmResult>;
}

/**
 * Milliseconds for each try to boot. The processor is emulated, and the host may have much else to do; and now and then
 * a machine stops for good in the middle of its start.
 */
const BOOT_TIMEOUTS = { first: 50_000, second: 120_000 };
const RUN_TIMEOUT = 60_000;

const APPEND = 'console=ttyS0 quiet panic=-1 reboot=t no_timer_check nopti mitigations=off cryptomgr.notests random.trust_cpu=on';
/** Nothing of the host's file systems and terminals is the machine's; its temporary files, the tests' own among them, stay. */
const SYSTEMD_APPEND = [
  'systemd.unit=rkt-test.target fstab=no systemd.getty_auto=no systemd.show_status=no',
  ...['tmpfiles-setup', 'sysusers', 'random-seed', 'journal-flush', 'binfmt', 'modules-load'].map((name) => `systemd.mask=systemd-${name}.service`),
].join(' ');

/** Boots a machine, emulated: no virtualization of the host is needed. Ask {@link needsVm} first. */
export async function openVm(options: VmOptions = {}): Promise<Vm> {
  return bootVm(options, BOOT_TIMEOUTS.first).catch(() => bootVm(options, BOOT_TIMEOUTS.second));
}

async function bootVm(options: VmOptions, timeout: number): Promise<Vm> {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-vm-'));
  const started: ChildProcess[] = [];
  const console: string[] = [];
  try {
    makeFiles(directory, options);
    started.push(spawn(VIRTIOFSD, virtiofsdArguments(directory), { stdio: 'ignore' }));
    await fileToBe(`${directory}/files.sock`);
    const qemu = spawn('qemu-system-x86_64', qemuArguments(directory, options), { stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(qemu);
    for (const stream of [qemu.stdout, qemu.stderr]) stream.setEncoding('utf8').on('data', (text: string) => console.push(text));
    await fileToBe(`${directory}/agent.sock`);
    const agent = new Agent(`${directory}/agent.sock`);
    await within(timeout, agent.ready, () => `the machine is not up after ${timeout} ms\n${console.join('')}`);
    return makeVm(agent, console, () => close(directory, started, agent));
  } catch (error) {
    await close(directory, started);
    throw error;
  }
}

function makeVm(agent: Agent, console: readonly string[], dispose: () => Promise<void>): Vm {
  return {
    async run(script, { status, timeout = RUN_TIMEOUT } = {}) {
      const result = await within(timeout, agent.run(script), () => `${script}: not done after ${timeout} ms\n${console.join('')}`);
      if (status === 'any' || result.status === 0) return result;
      throw new Error(`${script}: exit status ${result.status}\n${result.stdout}${result.stderr}\n${console.join('')}`);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

function makeFiles(directory: string, { modules = [], systemd = false }: VmOptions): void {
  const work = join(directory, 'initramfs');
  mkdirSync(work);
  if (systemd) cpSync(join(import.meta.dirname, 'units'), join(work, 'units'), { recursive: true });
  writeInitramfs(`${directory}/initrd`, work, modules);
  writeFileSync(`${directory}/disk`, '');
  truncateSync(`${directory}/disk`, 512 << 20);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-F', `${directory}/disk`]);
}

function virtiofsdArguments(directory: string): string[] {
  return [`--socket-path=${directory}/files.sock`, '-f', '-o', 'source=/', '-o', 'cache=always', '-o', 'sandbox=chroot', '-o', 'log_level=err'];
}

function qemuArguments(directory: string, { append = '', qemu = [], memory = 1024, systemd = false }: VmOptions): string[] {
  return [
    '-accel', 'tcg,thread=multi', '-machine', 'pc,smm=off', '-bios', 'qboot.rom', '-cpu', 'max', '-smp', '2', '-m', String(memory),
    '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio',
    '-object', `memory-backend-memfd,id=memory,size=${memory}M,share=on`, '-numa', 'node,memdev=memory',
    '-chardev', `socket,id=files,path=${directory}/files.sock`, '-device', 'vhost-user-fs-pci,chardev=files,tag=host',
    '-device', 'virtio-serial-pci', '-chardev', `socket,id=agent,path=${directory}/agent.sock,server=on,wait=off`,
    '-device', 'virtserialport,chardev=agent,name=rkt.agent',
    '-drive', `file=${directory}/disk,format=raw,if=none,id=disk,cache=unsafe`, '-device', 'virtio-blk-pci,drive=disk',
    '-kernel', join(vmCache, 'vmlinux'), '-initrd', `${directory}/initrd`, '-append', `${APPEND}${systemd ? ` ${SYSTEMD_APPEND}` : ''} ${append}`,
    ...qemu,
  ];
}

async function fileToBe(path: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; !existsSync(path); ) {
    if (Date.now() > deadline) throw new Error(`${path} did not come to be`);
    await sleep(20);
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>, message: () => string): Promise<T> {
  const timer = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: timer.signal }).then(() => {
    throw new Error(message());
  });
  // When the promise is first, nobody waits for the timer any more.
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

async function close(directory: string, started: readonly ChildProcess[], agent?: Agent): Promise<void> {
  agent?.close();
  for (const child of started.toReversed()) await end(child);
  rmSync(directory, { recursive: true, force: true });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
