/** Loads what reads and writes whole archives: a pod that is run from held images does without. */
export async function loadArchives(): Promise<typeof import('./archives.ts')> {
  return import('./archives.ts');
}
