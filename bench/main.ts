import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeBusyboxAci, makeOciLayout, makeRootfs, missingPrograms, startRegistry, type Registry } from '#tests/support';
import type { Engine, Material, Opened } from './engine.ts';
import { ctr } from './engines/ctr.ts';
import { docker } from './engines/docker.ts';
import { podman } from './engines/podman.ts';
import { rkt } from './engines/rkt.ts';
import { crun, nspawn, runc } from './engines/runtimes.ts';
import { largeImage } from './large-image.ts';
import { manyStarts } from './measures/many-starts.ts';
import { memory } from './measures/memory.ts';
import { network } from './measures/network.ts';
import { output } from './measures/output.ts';
import { pull } from './measures/pull.ts';
import { runToExit } from './measures/run-to-exit.ts';
import { scale } from './measures/scale.ts';
import { renderTable, type Table } from './table.ts';

/** `npm run bench -- [--only=run,network,memory,output,starts,scale,pull] [--engines=rkt,crun] [--rounds=12] [--many=1000]` */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'run,network,memory,output,starts,scale,pull' },
    engines: { type: 'string' },
    rounds: { type: 'string', default: '12' },
    many: { type: 'string', default: '1000' },
  },
});
const only = new Set(values.only.split(','));
const rounds = Number(values.rounds);
const cache = resolve(import.meta.dirname, '../.cache/bench');
const results = resolve(import.meta.dirname, 'results');

async function main(): Promise<void> {
  const chosen = [rkt, podman, docker, ctr, crun, runc, nspawn].filter(
    ({ name }) => values.engines === undefined || values.engines.split(',').includes(name.split(' ')[0]!),
  );
  const work = mkdtempSync(join(tmpdir(), 'rkt-bench-'));
  const engines = new Map<string, Opened>();
  await using registry = await startRegistry();
  try {
    const material = await makeMaterial(work, registry);
    for (const engine of chosen) {
      const opened = await open(engine, { ...material, work: join(work, engine.name.replace(' ', '-')) });
      if (opened !== undefined) engines.set(engine.name, opened);
    }
    const tables = await measureAll(engines, registry);
    mkdirSync(results, { recursive: true });
    const path = join(results, `${new Date().toISOString().replaceAll(':', '')}.json`);
    const plain = tables.map((table) => ({ ...table, rows: Object.fromEntries(table.rows) }));
    writeFileSync(path, `${JSON.stringify({ node: process.version, rounds, tables: plain }, null, 2)}\n`);
    console.log(`written: ${path}`);
  } finally {
    for (const [name, engine] of engines) await engine.close().catch((error: unknown) => console.error(`${name}: ${String(error)}`));
    rmSync(work, { recursive: true, force: true });
  }
}

async function makeMaterial(work: string, registry: Registry): Promise<Omit<Material, 'work'>> {
  const rootfs = join(work, 'busybox');
  mkdirSync(rootfs);
  makeRootfs(rootfs);
  const aci = makeBusyboxAci(join(work, 'busybox.aci'));
  makeOciLayout(join(work, 'layout'), { layers: [{ directory: rootfs }], config: { Cmd: ['/bin/true'], Env: ['PATH=/bin'] } });
  return { rootfs, aci, image: await registry.push(join(work, 'layout'), 'bench/busybox') };
}

async function open(engine: Engine, material: Material): Promise<Opened | undefined> {
  const missing = missingPrograms(...engine.programs);
  if (missing.length > 0) {
    console.log(`${engine.name} is not measured: ${missing.join(', ')} missing (apt-get install ${engine.debianPackage}, or npm run bench -- --install)`);
    return undefined;
  }
  mkdirSync(material.work);
  try {
    return await engine.open(material);
  } catch (error) {
    console.log(`${engine.name} is not measured: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function measureAll(engines: ReadonlyMap<string, Opened>, registry: Registry): Promise<Table[]> {
  const tables: Table[] = [];
  const take = async (name: string, measurement: () => Promise<Table>): Promise<void> => {
    if (!only.has(name)) return;
    const table = await measurement();
    console.log(renderTable(table));
    tables.push(table);
  };
  await take('run', () => runToExit(engines, rounds));
  await take('network', () => network(engines, rounds));
  await take('memory', () => memory(engines));
  await take('output', () => output(engines, Math.min(rounds, 7)));
  await take('starts', () => manyStarts(engines));
  await take('scale', () => scale(engines, rounds, { rkt: Number(values.many), peers: Math.min(100, Number(values.many)) }));
  await take('pull', async () => {
    mkdirSync(cache, { recursive: true });
    const gzip = await registry.push(largeImage(cache, 'gzip'), 'bench/gzip');
    const zstd = await registry.push(largeImage(cache, 'zstd'), 'bench/zstd');
    return pull(engines, { gzip, zstd }, Math.min(rounds, 5));
  });
  return tables;
}

await main();
