/** Machines with a kernel of their own, for what the host's kernel cannot show. */
export { needsSystemdVm, needsVm } from './needs-vm.ts';
export { openVm, type Vm, type VmOptions } from './vm.ts';
export { openVmRkt, quoted, type VmRkt } from './vm-rkt.ts';
export type { VmResult } from './agent.ts';
export { addVmUser, inScope, openVmUser, type VmUser } from './vm-user.ts';
export { execLine, type VmUnits, vmUnits } from './vm-units.ts';
