import { lstatSync, readdirSync } from 'node:fs';
import { getXattr, listXattrs, opaqueXattr } from '#sys';

/** Attributes by the path of their file below the root (latin1, so that any bytes are kept) and by their name. */
export type TrustedXattrs = ReadonlyMap<string, ReadonlyMap<string, Buffer>>;

const TRUSTED = 'trusted.';

/**
 * The attributes `trusted.*` of all files below a directory, which the kernel shows to those with CAP_SYS_ADMIN only.
 * Nothing of the files' content is read.
 */
export function readTrustedXattrs(root: string): TrustedXattrs {
  const found = new Map<string, ReadonlyMap<string, Buffer>>();
  const visit = (place: Buffer): void => {
    const names = listXattrs(place).filter((name) => name.startsWith(TRUSTED) || name === opaqueXattr());
    const values = names.flatMap((name) => {
      const value = getXattr(place, name);
      return value === undefined ? [] : [[name, value] as const];
    });
    if (values.length > 0) found.set(pathBelow(root, place), new Map(values));
    if (!lstatSync(place).isDirectory()) return;
    for (const name of readdirSync(place, { encoding: 'buffer' })) visit(Buffer.concat([place, Buffer.from('/'), name]));
  };
  visit(Buffer.from(root));
  return found;
}

export function pathBelow(root: string, place: Buffer): string {
  return place.toString('latin1', Buffer.byteLength(root) + 1);
}

/** The same as JSON has it: values in base64. */
export type WireXattrs = readonly (readonly [path: string, attributes: readonly (readonly [name: string, value: string])[]])[];

export function toWireXattrs(xattrs: TrustedXattrs): WireXattrs {
  return [...xattrs].map(([path, own]) => [path, [...own].map(([name, value]) => [name, value.toString('base64')])]);
}

export function fromWireXattrs(xattrs: WireXattrs): TrustedXattrs {
  return new Map(xattrs.map(([path, own]) => [path, new Map(own.map(([name, value]) => [name, Buffer.from(value, 'base64')]))]));
}
