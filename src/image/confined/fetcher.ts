/** The process that fetches and verifies, see worker-main.ts; loaded by nobody else. */
export async function fetcherMain(): Promise<number> {
  return (await import('./worker-main.ts')).workerMain();
}
