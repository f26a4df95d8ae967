/** One network of a pod, as net-info.json has it (rkt's networking/netinfo). */
export interface NetInfo {
  readonly netName: string;
  /** The pod's own copy of the configuration, relative to the pod's directory: `net/99-default.conf`. */
  readonly netConf: string;
  readonly pluginPath: string;
  readonly ifName: string;
  /** An address without its prefix length; empty where the plugin gave none. */
  readonly ip: string;
  readonly args: string;
  /** A dotted mask, `255.255.255.0`. */
  readonly mask: string;
}

const keys = ['netName', 'netConf', 'pluginPath', 'ifName', 'ip', 'args', 'mask'] as const;

/** The entries of a net-info.json; none where the text is cut off or is something else. */
export function parseNetInfo(text: string): NetInfo[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(value) ? value.filter((each) => typeof each === 'object' && each !== null).map(entry) : [];
}

function entry(value: Record<string, unknown>): NetInfo {
  const text = (key: string): string => (typeof value[key] === 'string' ? value[key] : '');
  return Object.fromEntries(keys.map((key) => [key, text(key)])) as unknown as NetInfo;
}

/** As {@link parseNetInfo} reads it back. */
export function renderNetInfo(entries: readonly NetInfo[]): string {
  const ordered = entries.map((each) => Object.fromEntries(keys.map((key) => [key, each[key]])));
  return `${JSON.stringify(ordered)}\n`;
}
