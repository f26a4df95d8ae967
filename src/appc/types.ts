/**
 * The App Container types, as their JSON has them (appc spec 0.8.11: spec/aci.md, spec/pods.md, spec/types.md).
 *
 * Values of these types have been checked: they come only from the `parse…` functions of this room.
 */

/** `sha512-` and the first 64 hex digits of the SHA-512 of an image, as rkt names images on disk and in output. */
export type ImageId = string & { readonly __brand: 'ImageId' };
/** AC Identifier: lower case letters, digits and `- . _ ~ /`, say `example.com/reduce-worker`. */
export type AcIdentifier = string & { readonly __brand: 'AcIdentifier' };
/** AC Name: lower case letters, digits and `-`, as apps, volumes and ports are named. */
export type AcName = string & { readonly __brand: 'AcName' };

export interface NameValue {
  readonly name: string;
  readonly value: string;
}
export type Label = NameValue;
export type Annotation = NameValue;

export interface Isolator {
  readonly name: string;
  readonly value: unknown;
}

export interface MountPoint {
  readonly name: AcName;
  readonly path: string;
  readonly readOnly?: boolean;
}

export interface Port {
  readonly name: AcName;
  readonly protocol: string;
  readonly port: number;
  readonly count?: number;
  readonly socketActivated?: boolean;
}

export interface EventHandler {
  readonly name: 'pre-start' | 'post-stop';
  readonly exec: readonly string[];
}

export interface App {
  readonly exec: readonly string[];
  readonly eventHandlers?: readonly EventHandler[];
  readonly user: string;
  readonly group: string;
  readonly supplementaryGIDs?: readonly number[];
  readonly workingDirectory?: string;
  readonly environment?: readonly NameValue[];
  readonly mountPoints?: readonly MountPoint[];
  readonly ports?: readonly Port[];
  readonly isolators?: readonly Isolator[];
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}

export interface Dependency {
  readonly imageName: AcIdentifier;
  readonly imageID?: string;
  readonly labels?: readonly Label[];
  readonly size?: number;
}

export interface ImageManifest {
  readonly acKind: 'ImageManifest';
  readonly acVersion: string;
  readonly name: AcIdentifier;
  readonly labels?: readonly Label[];
  readonly app?: App;
  readonly dependencies?: readonly Dependency[];
  readonly pathWhitelist?: readonly string[];
  readonly annotations?: readonly Annotation[];
}

export interface RuntimeImage {
  readonly name?: AcIdentifier;
  readonly id: ImageId;
  readonly labels?: readonly Label[];
}

export interface Mount {
  readonly volume: AcName;
  readonly path: string;
  readonly appVolume?: Volume;
}

export interface RuntimeApp {
  readonly name: AcName;
  readonly image: RuntimeImage;
  readonly app?: App;
  readonly readOnlyRootFS?: boolean;
  readonly mounts?: readonly Mount[];
  readonly annotations?: readonly Annotation[];
}

export interface Volume {
  readonly name: AcName;
  readonly kind: 'host' | 'empty';
  readonly source?: string;
  readonly readOnly?: boolean;
  readonly recursive?: boolean;
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface ExposedPort {
  readonly name: AcName;
  readonly hostPort: number;
  readonly hostIP?: string;
  readonly podPort?: Port;
}

export interface PodManifest {
  readonly acVersion: string;
  readonly acKind: 'PodManifest';
  readonly apps: readonly RuntimeApp[];
  readonly volumes: readonly Volume[] | null;
  readonly isolators: readonly Isolator[] | null;
  readonly annotations: readonly Annotation[] | null;
  readonly ports: readonly ExposedPort[] | null;
  readonly userAnnotations?: Readonly<Record<string, string>>;
  readonly userLabels?: Readonly<Record<string, string>>;
}
