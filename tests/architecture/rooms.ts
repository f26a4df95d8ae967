/**
 * Who may import whom. A new edge is one word here, in a commit that gives its reason.
 *
 * Every room may import `errors`. Rooms not named may be imported by nobody but `cli`.
 */

const base = ['appc', 'oci', 'sys'];
const flavor = ['appc', 'oci', 'sys', 'pod', 'security', 'network', 'stage1/abi', 'stage1/apps'];
const engine = [...base, 'config', 'pod', 'security', 'store', 'image', 'network', 'stage1/abi', 'stage0'];

export const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  appc: [],
  oci: [],
  sys: [],
  config: base,
  pod: base,
  security: base,
  store: base,
  'stage1/abi': ['appc', 'pod'],
  'stage1/apps': ['appc', 'sys', 'pod', 'security', 'stage1/abi'],
  network: ['appc', 'sys', 'pod'],
  image: [...base, 'config', 'store'],
  'stage1/oci': flavor,
  // What an image does by itself, networks above all, is none of its business.
  'stage1/external': ['appc', 'sys', 'pod', 'stage1/abi', 'stage1/apps'],
  'stage1/nspawn': flavor,
  'stage1/kvm': flavor,
  'stage1/fly': ['appc', 'sys', 'pod', 'stage1/abi', 'stage1/apps'],
  // The engine is given the configuration as a whole: stage1, paths and what image needs of it.
  stage0: [...base, 'config', 'pod', 'security', 'store', 'image', 'stage1/abi'],
  services: engine,
  cli: [...engine, 'services', 'stage1/apps', 'stage1/external', 'stage1/oci', 'stage1/nspawn', 'stage1/kvm', 'stage1/fly'],
};

/** Modules that only one room may use, and what the others do instead. */
export const reserved: Readonly<Record<string, { room: string; instead: string }>> = {
  'node:child_process': { room: 'sys', instead: 'use runProgram, runProgramSync or startProgram of #sys' },
  child_process: { room: 'sys', instead: 'use runProgram, runProgramSync or startProgram of #sys' },
  'node:ffi': { room: 'sys', instead: 'add the system call to src/sys' },
};

export const forbiddenNames = ['utils', 'util', 'common', 'helpers', 'helper', 'shared', 'lib', 'misc'];

export const maximumLines = 300;
/** A test lists cases: it may be longer than what it tests. */
export const maximumTestLines = 400;
