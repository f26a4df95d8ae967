import { createHash } from 'node:crypto';
import { parseReference, type Reference } from '#oci';

/** A signature as a registry has it, or as evidence keeps it. Nothing of it has been checked. */
export interface FoundSignature {
  /** For messages: the manifest it is in, and its place there. */
  readonly where: string;
  /** A sigstore bundle, parsed from JSON; otherwise `signature` is cosign's over `artifact`. */
  readonly bundle?: unknown;
  /** What was signed, unless the bundle holds it: cosign's payload, or an image's manifest. */
  readonly artifact?: Buffer;
  readonly signature?: Buffer;
  /** Of the layer that the signature was in. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a signature says when it is genuine. */
export interface SignedClaim {
  /** `sha256:…`, of the manifests or indexes that were signed. */
  readonly digests: readonly string[];
  /** The repository it was signed for, where that was said. */
  readonly reference?: Reference;
}

/** The bytes that are signed and the signature, whatever the form. */
export interface SignedBytes {
  readonly bytes: Buffer;
  readonly signature: Buffer;
}

const COSIGN_TYPE = 'cosign container image signature';
const IN_TOTO = 'application/vnd.in-toto+json';
/** Of an image signature; other statements about an image (what is in it, how it was tested) do not vouch for it. */
const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
}

/** @throws with the reason where it is no signature of an image */
export function claimOf(found: FoundSignature): SignedClaim {
  if (found.bundle === undefined) return parseSimpleSigning(found.artifact!);
  const envelope = envelopeOf(found.bundle);
  if (envelope !== undefined) return parseStatement(envelope);
  if (found.artifact === undefined) throw new Error('it is over bytes that are not known');
  return { digests: [`sha256:${createHash('sha256').update(found.artifact).digest('hex')}`] };
}

/** @throws with the reason */
export function signedBytesOf(found: FoundSignature): SignedBytes {
  if (found.bundle === undefined) return { bytes: found.artifact!, signature: found.signature! };
  const envelope = envelopeOf(found.bundle);
  if (envelope !== undefined) {
    return { bytes: preAuthEncoding(envelope), signature: Buffer.from(envelope.signatures[0]!.sig, 'base64') };
  }
  const { signature } = (found.bundle as { messageSignature?: { signature?: unknown } }).messageSignature ?? {};
  if (typeof signature !== 'string' || found.artifact === undefined) throw new Error('its bundle holds no signature');
  return { bytes: found.artifact, signature: Buffer.from(signature, 'base64') };
}

/** github.com/secure-systems-lab/dsse: what is signed of an envelope. */
function preAuthEncoding({ payload, payloadType }: Envelope): Buffer {
  const body = Buffer.from(payload, 'base64');
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${body.length} `;
  return Buffer.concat([Buffer.from(head), body]);
}

function envelopeOf(bundle: unknown): Envelope | undefined {
  const envelope = (bundle as { dsseEnvelope?: Partial<Envelope> } | null)?.dsseEnvelope;
  if (envelope === undefined || envelope === null) return undefined;
  const { payload, payloadType, signatures } = envelope;
  if (typeof payload === 'string' && typeof payloadType === 'string' && Array.isArray(signatures)) {
    if (signatures.length === 1 && typeof (signatures[0] as { sig?: unknown }).sig === 'string') return envelope as Envelope;
  }
  throw new Error('its envelope is malformed');
}

/** github.com/containers/image, signature/docs: "simple signing". */
function parseSimpleSigning(payload: Buffer): SignedClaim {
  const { critical } = parseJson(payload) as {
    critical?: { type?: unknown; image?: Record<string, unknown>; identity?: Record<string, unknown> };
  };
  if (critical?.type !== COSIGN_TYPE) throw new Error(`its payload is of type ${JSON.stringify(critical?.type ?? '')}`);
  const digest = critical.image?.['docker-manifest-digest'];
  if (typeof digest !== 'string') throw new Error('its payload names no digest');
  const name = critical.identity?.['docker-reference'];
  return { digests: [digest], ...(typeof name === 'string' && name !== '' && { reference: parseReference(name) }) };
}

function parseStatement(envelope: Envelope): SignedClaim {
  if (envelope.payloadType !== IN_TOTO) throw new Error(`its envelope holds ${JSON.stringify(envelope.payloadType)}`);
  const { predicateType, subject } = parseJson(Buffer.from(envelope.payload, 'base64')) as {
    predicateType?: unknown;
    subject?: readonly { readonly digest?: Readonly<Record<string, unknown>> }[];
  };
  if (predicateType !== SIGN_PREDICATE) throw new Error(`it is no image signature but a statement of type ${JSON.stringify(predicateType)}`);
  const entries = (Array.isArray(subject) ? subject : []).flatMap(({ digest }) => Object.entries(digest ?? {}));
  return { digests: entries.map(([algorithm, hex]) => `${algorithm}:${String(hex)}`) };
}

function parseJson(bytes: Buffer): object {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new Error('its payload is no JSON object');
}
