/** Times are milliseconds, sizes bytes. */
export interface Timeouts {
  /** Until a TCP and TLS connection stands. */
  readonly connect: number;
  /** Without a byte in either direction. */
  readonly idle: number;
  /** Until the head of the answer is here, however many bytes come; {@link ANSWER_DEADLINE} unless given. */
  readonly answer?: number;
}

export const ANSWER_DEADLINE = 120_000;
export const TIMEOUTS: Timeouts = { connect: 30_000, idle: 60_000 };
/** Until all of a small body is here: a page, a manifest, a token, a key, a signature. */
export const SMALL_BODY_DEADLINE = 120_000;
export const REDIRECT_LIMIT = 5;
export const HEADER_LIMIT = 32 << 10;
export const TOKEN_LIMIT = 64 << 10;
export const ERROR_LIMIT = 16 << 10;
export const SIGNATURE_LIMIT = 1 << 20;
/** Of a download; what an archive may grow to when it is unpacked is the store's limit. */
export const ACI_LIMIT = 64 * 2 ** 30;
export const KEY_LIMIT = 4 << 20;
export const USER_AGENT = 'rkt/2.0.0';
/** Waits before the second, third … attempt; as many attempts as there are waits, and one. */
export const RETRY_WAITS: readonly number[] = [250, 1000, 3000];
export const RETRY_AFTER_LIMIT = 10_000;
