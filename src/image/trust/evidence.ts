import type { AcIdentifier, ImageId } from '#appc';
import { type Digest, parseDigest } from '#oci';
import { ImageError } from '../image-error.ts';
import type { FoundSignature } from './found-signature.ts';
import type { KeyKind } from './key-files.ts';

const KINDS: readonly unknown[] = ['pgp', 'cosign', 'sigstore'] satisfies KeyKind[];

/** What is kept of the verification of an image, beside it in the store. */
export interface Evidence {
  readonly image: ImageId;
  /** The name the signers' keys were trusted for. */
  readonly name: AcIdentifier;
  /** `none`: the image was fetched without verification. */
  readonly verified: 'signed' | 'none';
  /** ISO 8601. */
  readonly time: string;
  /** SHA-512 of the image manifest as the store has it, hex. */
  readonly manifestHash: string;
  /** Of an image of a registry. */
  readonly docker?: {
    readonly manifest: Digest;
    /** The indexes that led to the manifest, each holding the digest of the next; base64. */
    readonly indexes: readonly string[];
  };
  /** Good ones, at least one unless nothing was verified. */
  readonly signatures: readonly SignatureRecord[];
}

/** One good signature, with what is needed to check it again. */
export interface SignatureRecord {
  readonly kind: KeyKind;
  /** Of the key or the identity. */
  readonly fingerprint: string;
  /** The key's file in the keystore: name, and SHA-256 of its text as hex. */
  readonly keyFile: string;
  readonly keyHash: string;
  /** For people. */
  readonly signer: string;
  /** The image ID of an ACI, the digest of a manifest or an index. */
  readonly over: string;
  readonly where?: string;
  readonly bundle?: unknown;
  /** base64. */
  readonly artifact?: string;
  readonly signature?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function renderEvidence(evidence: Evidence): string {
  return `${JSON.stringify(evidence)}\n`;
}

/** @throws {ImageError} evidence-mismatch */
export function parseEvidence(text: string): Evidence {
  try {
    return decodeEvidence(JSON.parse(text));
  } catch (cause) {
    throw new ImageError('evidence-mismatch', 'it cannot be read', { cause });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function decodeEvidence(value: unknown): Evidence {
  const fields = objectOf(value);
  const { verified, docker } = fields;
  const signatures = listOf(fields['signatures']).map(decodeRecord);
  if (verified !== 'none' && (verified !== 'signed' || signatures.length === 0)) throw new Error('verified');
  return {
    ...textsOf(fields, 'time', 'manifestHash'),
    // Compared with those of the image.
    image: textOf(fields['image']) as ImageId,
    name: textOf(fields['name']) as AcIdentifier,
    verified,
    signatures,
    ...(docker === undefined ? {} : { docker: decodeDocker(objectOf(docker)) }),
  };
}

function decodeDocker({ indexes, manifest }: Fields): NonNullable<Evidence['docker']> {
  return { manifest: parseDigest(textOf(manifest)), indexes: listOf(indexes).map(textOf) };
}

function decodeRecord(value: unknown): SignatureRecord {
  const fields = objectOf(value);
  const { annotations, bundle, kind } = fields;
  if (!KINDS.includes(kind)) throw new Error('kind');
  const given = (['where', 'artifact', 'signature'] as const).filter((name) => fields[name] !== undefined);
  return {
    ...textsOf(fields, 'fingerprint', 'keyFile', 'keyHash', 'signer', 'over'),
    ...textsOf(fields, ...given),
    kind: kind as KeyKind,
    ...(bundle === undefined ? {} : { bundle: objectOf(bundle) }),
    ...(annotations === undefined ? {} : { annotations: textsOf(objectOf(annotations), ...Object.keys(objectOf(annotations))) }),
  };
}

function textsOf<Name extends string>(fields: Fields, ...names: readonly Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, textOf(fields[name])])) as Record<Name, string>;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Error('no text');
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error('no list');
}

function objectOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error('no object');
}

export function asRecordFields(found: FoundSignature): Partial<SignatureRecord> {
  const { annotations, artifact, bundle, signature, where } = found;
  return {
    where,
    ...(bundle !== undefined && { bundle }),
    ...(artifact !== undefined && { artifact: artifact.toString('base64') }),
    ...(signature !== undefined && { signature: signature.toString('base64') }),
    ...(annotations !== undefined && { annotations }),
  };
}

export function asFoundSignature(record: SignatureRecord): FoundSignature {
  const { annotations, artifact, bundle, signature, where = record.keyFile } = record;
  return {
    where,
    ...(bundle !== undefined && { bundle }),
    ...(artifact !== undefined && { artifact: Buffer.from(artifact, 'base64') }),
    ...(signature !== undefined && { signature: Buffer.from(signature, 'base64') }),
    ...(annotations !== undefined && { annotations }),
  };
}
