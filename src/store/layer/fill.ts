import { StoreError } from '../store-error.ts';
import type { LayerInput, LayerSource } from '../types.ts';
import { appendToLayer, type GrowingFile } from './partial-file.ts';

/** Bytes after which others in this process have a turn. */
const TURN = 1 << 22;

/**
 * Has a layer's bytes appended to its file; settles when the source has given all, or was told to stop.
 *
 * @throws what the source throws; {@link StoreError} `size-mismatch` where more comes than was announced
 */
export async function fillLayer(input: LayerInput, source: LayerSource, file: GrowingFile, signal: AbortSignal): Promise<void> {
  if (typeof source === 'function') return source(file, signal);
  let received = 0;
  let turn = TURN;
  for await (const piece of source) {
    if (signal.aborted) return;
    received += piece.length;
    checkReceived(input, received);
    appendToLayer(file, piece);
    if (received < turn) continue;
    turn += TURN;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** @throws {StoreError} `size-mismatch` */
export function checkReceived(input: Pick<LayerInput, 'digest' | 'size'>, received: number): void {
  if (input.size === undefined || received <= input.size) return;
  throw new StoreError('size-mismatch', `layer ${input.digest} is longer than the ${input.size} bytes it should have`);
}

/** Tells a source that will not be read to let go of what it holds. */
export async function abandon(source: LayerSource): Promise<void> {
  if (typeof source === 'function') return;
  const stream = source as { destroy?: () => void };
  if (stream.destroy !== undefined) stream.destroy();
  else await source[Symbol.asyncIterator]().return?.();
}
