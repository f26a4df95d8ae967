/** The isolators this room reads, as the appc room types them; any other kind is passed over. */
export type ConfinementIsolator =
  | { readonly kind: 'caps-retain' | 'caps-remove'; readonly set: readonly string[] }
  | {
      readonly kind: 'seccomp-retain' | 'seccomp-remove';
      readonly set: readonly string[];
      readonly errno?: string | undefined;
    }
  | { readonly kind: 'no-new-privileges'; readonly value: boolean }
  | { readonly kind: OtherKind };

type OtherKind =
  | 'memory'
  | 'cpu'
  | 'cpu-shares'
  | 'oom-score-adj'
  | 'selinux-context'
  | 'unknown';
