/** Linux as TypeScript sees it. No policy lives here. */
export { SysError, type PathLike } from './linux.ts';
export { monotonicMs } from './clock.ts';
export { flock, Lock, type LockMode, lockPath, openForLock, unlock } from './lock.ts';
export { inMounts, inOwnMounts, joinMounts, makeReadOnly, MNT_DETACH, mount, type MountRequest, MS, prepareOwnMounts, unmount, unmountAll, unshareMounts } from './mount.ts';
export { mountOverlay, opaqueXattr, type OverlayRequest } from './overlay.ts';
export { createNetworkNamespace, inNetworkNamespace, removeNetworkNamespace } from './namespace.ts';
export { createUserNamespace, openNetworkNamespace, type UserNamespace } from './user-namespace.ts';
export { type IdRange, insideId, outsideId } from './id-range.ts';
export { mapAttributeIds, namesIds } from './id-attributes.ts';
export { cannotMapOwners, mapOwners } from './id-map.ts';
export { boundPort, passedDescriptors } from './passed-socket.ts';
export { bringUpInterface } from './interface.ts';
export { getXattr, listXattrs, setXattr } from './xattr.ts';
export {
  SELINUX_LABEL,
  isSelinuxActive,
  isSelinuxContext,
  isSelinuxEnforcing,
  selinuxMountOption,
  setSelinuxLabel,
  setSelinuxLabels,
} from './selinux.ts';
export { type TreeFile, walkTree } from './walk-tree.ts';
export { enableVerity, measureVerity } from './verity.ts';
export { makeDevice, makeNode, S_IF, setTimes } from './inode.ts';
export { becomeProcess, type Invocation } from './exec.ts';
export { isWritable, listDirectory, readBounded, readPlainFile, readTextIfExists, syncDirectory, unlessMissing, writeFileAtomic, writeWhole } from './files.ts';
export {
  findProgram,
  type ProgramOptions,
  type ProgramResult,
  runProgram,
  runProgramHere,
  runProgramSync,
  startProgram,
} from './program.ts';
export { openPipe } from './pipe.ts';
export { openDescriptorSockets, receiveDescriptors, sendDescriptors } from './descriptors.ts';
export { makeUndumpable } from './dumpable.ts';
export { isTerminal, makeRaw } from './terminal.ts';
export { syncFileSystem } from './sync.ts';
export { lookupGroup, lookupUser } from './group.ts';
export { type Capability, type Confinement, confinedArguments, SHARED_LIBRARIES } from './confine.ts';
export { isInUserNamespace, isRootless, ROOTLESS_VARIABLE } from './rootless.ts';
export { randomBytes } from './random.ts';
export { type Hierarchy, readHierarchies } from './cgroup.ts';
export { type CgroupUsage, readCgroupUsage } from './cgroup-usage.ts';
export { modeForCaller, takeOwnUmask } from './umask.ts';
