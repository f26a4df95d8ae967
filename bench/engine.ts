/** What is compared: rkt and its peers, each with stores and sockets of its own below a temporary directory. */

import type { Sample } from './clock.ts';
import type { Way } from './measures/output.ts';

export type Net = 'none' | 'default';

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What every engine is given. */
export interface Material {
  /** A directory of the engine's own; removed at the end. */
  readonly work: string;
  /** An unpacked busybox file system; not to be changed. */
  readonly rootfs: string;
  /** The same as an ACI. */
  readonly aci: string;
  /** The same in a registry without TLS: `127.0.0.1:PORT/bench/busybox:latest`. */
  readonly image: string;
}

/** An operation that an engine lacks is absent, and its cell stays empty. */
export interface Engine {
  readonly name: string;
  /** Programs it needs; all of them, or it is reported as missing. */
  readonly programs: readonly string[];
  /** The Debian package that brings them. */
  readonly debianPackage: string;
  /** Makes it ready: daemons started, the busybox image held. */
  open(material: Material): Promise<Opened>;
}

export interface Opened {
  readonly daemonPids?: () => number[];
  /** Runs `/bin/true` in the held image and removes what is left where that is the engine's custom. */
  readonly runToExit?: Partial<Record<Net, Command>>;
  /** The plugins of the default network alone, as a shell would run them. */
  readonly plugins?: () => Promise<Sample>;
  /** Takes away what the held image was rendered into, so that the next run renders it. */
  readonly forgetTree?: () => void;
  /** Starts the app (net none) and leaves it running; `background` when the command itself stays. */
  readonly start?: (name: string, app: readonly string[]) => Command & { readonly background?: boolean };
  /** Runs an app that prints much and says on standard error how long it took. */
  readonly chatter?: Partial<Record<Way, Command>>;
  /** Runs the image to its exit and keeps the dead container. */
  readonly leaveExited?: (name: string) => Command;
  readonly list?: Command;
  /** Stops and removes every container. */
  readonly removeAll?: () => Promise<void>;
  /** Fetches an image and unpacks it until it could run. */
  readonly pull?: (image: string) => Command;
  readonly forget?: (image: string) => Promise<void>;
  close(): Promise<void>;
}
