/** What nobody but its owner may do to a file, unless it is given other modes. */
const OWN_UMASK = 0o022;

let callers = OWN_UMASK;

/**
 * From here on files of rkt have the modes that rkt gives them: what others must read (the programs that unpack, an
 * app of another user) they can, what is open to the group rkt stays so, and nothing is open to all, whatever umask
 * rkt was started with.
 */
export function takeOwnUmask(): void {
  callers = process.umask(OWN_UMASK);
}

/** The mode of a file that is the caller's, under the umask that the caller had. */
export function modeForCaller(mode: number): number {
  return mode & ~callers;
}
