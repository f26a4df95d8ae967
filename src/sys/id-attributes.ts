const CAPABILITY = 'security.capability';
const CAPABILITY_VERSION = 0xff00_0000;
const CAPABILITY_VERSION_2 = 0x0200_0000;
const CAPABILITY_VERSION_3 = 0x0300_0000;
const CAPABILITY_SIZE_2 = 20;
const ACLS = ['system.posix_acl_access', 'system.posix_acl_default'];
const ACL_HEADER = 4;
const ACL_ENTRY = 8;
/** Tags of entries that name somebody (acl(5): ACL_USER, ACL_GROUP). */
const ACL_NAMED = [0x02, 0x08];

/** The extended attributes in which ids are. */
export function namesIds(attribute: string): boolean {
  return attribute === CAPABILITY || ACLS.includes(attribute);
}

/**
 * The value of an extended attribute with other ids in it; of one without ids, as it is.
 *
 * Capabilities of a file are those of the root of one user namespace; that of the host is not named
 * (capabilities(7), File capability extended attribute versioning).
 */
export function mapAttributeIds(attribute: string, value: Buffer, map: (id: number) => number): Buffer {
  if (attribute === CAPABILITY) return mapCapability(value, map);
  return ACLS.includes(attribute) ? mapAcl(value, map) : value;
}

function mapCapability(value: Buffer, map: (id: number) => number): Buffer {
  if (value.length < CAPABILITY_SIZE_2) return value;
  const magic = value.readUInt32LE(0);
  const version = (magic & CAPABILITY_VERSION) >>> 0;
  if (version !== CAPABILITY_VERSION_2 && version !== CAPABILITY_VERSION_3) return value;
  const root = map(version === CAPABILITY_VERSION_3 ? value.readUInt32LE(CAPABILITY_SIZE_2) : 0);
  const mapped = Buffer.alloc(root === 0 ? CAPABILITY_SIZE_2 : CAPABILITY_SIZE_2 + 4);
  value.copy(mapped, 0, 0, CAPABILITY_SIZE_2);
  mapped.writeUInt32LE(((magic & ~CAPABILITY_VERSION) | (root === 0 ? CAPABILITY_VERSION_2 : CAPABILITY_VERSION_3)) >>> 0, 0);
  if (root !== 0) mapped.writeUInt32LE(root, CAPABILITY_SIZE_2);
  return mapped;
}

function mapAcl(value: Buffer, map: (id: number) => number): Buffer {
  const mapped = Buffer.from(value);
  for (let at = ACL_HEADER; at + ACL_ENTRY <= mapped.length; at += ACL_ENTRY) {
    if (ACL_NAMED.includes(mapped.readUInt16LE(at))) mapped.writeUInt32LE(map(mapped.readUInt32LE(at + 4)), at + 4);
  }
  return mapped;
}
