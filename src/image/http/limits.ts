/** Times are milliseconds, sizes bytes. */
export interface Timeouts {
  /** Until a TCP and TLS connection stands. */
  readonly connect: number;
  /** Without a byte in either direction. */
  readonly idle: number;
}

export const TIMEOUTS: Timeouts = { connect: 30_000, idle: 60_000 };
export const REDIRECT_LIMIT = 5;
export const HEADER_LIMIT = 32 << 10;
export const TOKEN_LIMIT = 64 << 10;
export const ERROR_LIMIT = 16 << 10;
export const SIGNATURE_LIMIT = 1 << 20;
export const KEY_LIMIT = 4 << 20;
export const USER_AGENT = 'rkt/2.0.0';
/** Waits before the second, third … attempt; as many attempts as there are waits, and one. */
export const RETRY_WAITS: readonly number[] = [250, 1000, 3000];
export const RETRY_AFTER_LIMIT = 10_000;
