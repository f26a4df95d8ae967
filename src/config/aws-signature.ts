import type { AwsCredentials } from './config.ts';

export interface AwsRequest {
  readonly url: URL;
  readonly method: string;
  /** Headers to be signed besides host, x-amz-date and x-amz-content-sha256; names lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly date: Date;
}

export interface AwsScope {
  readonly region: string;
  readonly service: string;
  /** S3 wants the digest of the body signed as a header. */
  readonly contentHeader: boolean;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const DEFAULT_REGION = 'us-east-1';

/** The headers that authenticate a GET or HEAD to S3 (AWS Signature Version 4). */
export function signForS3(request: AwsRequest, credentials: AwsCredentials): Record<string, string> {
  const region = credentials.awsRegion === '' ? guessRegion(request.url.hostname) : credentials.awsRegion;
  return signRequest(request, credentials, { region, service: 's3', contentHeader: true });
}

/** The region that a host of S3 has in its name; us-east-1 for any other. */
export function guessRegion(hostname: string): string {
  const parts = hostname.toLowerCase().split('.');
  if (parts.at(-2) !== 'amazonaws' || parts.length < 3) return DEFAULT_REGION;
  const before = parts.slice(0, -2);
  const last = before.at(-1)!;
  if (last.startsWith('s3-') && last !== 's3-external-1') return last.slice('s3-'.length);
  return before.at(-2) === 's3' ? last : DEFAULT_REGION;
}

/** The headers to add to a request without a body. */
export function signRequest(request: AwsRequest, credentials: AwsCredentials, scope: AwsScope): Record<string, string> {
  const time = request.date.toISOString().replace(/[-:]|\.\d+/g, '');
  const added = { 'x-amz-date': time, ...(scope.contentHeader ? { 'x-amz-content-sha256': sha256('') } : {}) };
  const signed = Object.entries({ ...request.headers, ...added, host: request.url.host }).sort(byName);
  const names = signed.map(([name]) => name).join(';');
  const place = `${time.slice(0, 8)}/${scope.region}/${scope.service}/aws4_request`;
  const text = [ALGORITHM, time, place, sha256(canonicalRequest(request, signed, names))].join('\n');
  const signature = hmac(signingKey(credentials, place), text).toString('hex');
  const credential = `Credential=${credentials.accessKeyID}/${place}`;
  return { ...added, authorization: `${ALGORITHM} ${credential}, SignedHeaders=${names}, Signature=${signature}` };
}

function canonicalRequest({ url, method }: AwsRequest, signed: readonly (readonly [string, string])[], names: string): string {
  const headers = signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`).join('');
  return [method, canonicalPath(url), canonicalQuery(url), headers, names, sha256('')].join('\n');
}

/** Each part escaped once, as S3 wants it. */
function canonicalPath({ pathname }: URL): string {
  return pathname.split('/').map((part) => escape(unescape(part))).join('/');
}

function canonicalQuery({ searchParams }: URL): string {
  const pairs = [...searchParams].map(([name, value]) => [escape(name), escape(value)] as const);
  return pairs.sort((a, b) => byName(a, b) || byName([a[1]], [b[1]])).map(([name, value]) => `${name}=${value}`).join('&');
}

function byName(a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number {
  return a[0] < b[0] ? -1 : Number(a[0] > b[0]);
}

function unescape(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** RFC 3986: all but the unreserved characters. */
function escape(text: string): string {
  const code = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, code);
}

function signingKey({ secretAccessKey }: AwsCredentials, place: string): Buffer {
  return place.split('/').reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secretAccessKey}`));
}

function sha256(text: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return process.getBuiltinModule('node:crypto').createHmac('sha256', key).update(text).digest();
}
