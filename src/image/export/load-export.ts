/** Loads what exports images: nothing else needs it. */
export async function loadExport(): Promise<typeof import('./index.ts')> {
  return import('./index.ts');
}
