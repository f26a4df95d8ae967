/** Which of the security features the caller switched off (`--insecure-options`); all false by default. */
export interface InsecureOptions {
  /** Images need no signature. */
  readonly image: boolean;
  /** Certificates of TLS servers are not checked. */
  readonly tls: boolean;
  /** Registries and discovery may use plain HTTP. */
  readonly http: boolean;
  /** Keys may be fetched over connections that are not secure. */
  readonly pubkey: boolean;
  readonly capabilities: boolean;
  readonly paths: boolean;
  readonly seccomp: boolean;
}
