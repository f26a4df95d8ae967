import { readFileSync } from 'node:fs';
import { type AcName, type App, parseImageManifest } from '#appc';
import { podFiles } from '#pod';

/** What the image of an app says itself, where it came from a Docker registry. */
export function dockerApp(podDir: string, name: AcName): App | undefined {
  const text = readFileSync(`${podDir}/${podFiles.appManifest(name)}`, 'utf8');
  return text.includes('"appc.io/docker/repository"') ? parseImageManifest(text).app : undefined;
}
