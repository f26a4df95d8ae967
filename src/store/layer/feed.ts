import type { Writable } from 'node:stream';
import { StoreError } from '../store-error.ts';
import type { LayerInput, LayerSource } from '../types.ts';
import type { PartialFile } from './partial-layer.ts';

/**
 * Carries a layer's bytes to the unpacker and keeps the new ones in the partial file.
 *
 * It ends when the source does, or when the unpacker takes no more; the source is then told to stop.
 *
 * @throws what the source throws; {@link StoreError} `size-mismatch` where more comes than was announced
 */
export async function feedLayer(
  input: LayerInput,
  source: LayerSource,
  partial: PartialFile,
  target: Writable,
): Promise<void> {
  let received = 0;
  const take = async (piece: Uint8Array): Promise<boolean> => {
    received += piece.length;
    checkReceived(input, received);
    return send(target, piece);
  };
  if (typeof source === 'function') {
    // The server is asked first: it may be that nothing can be resumed.
    const bytes = await source(partial);
    for (const piece of partial.read()) if (!(await take(piece))) return;
    for await (const piece of bytes) {
      partial.append(piece);
      if (!(await take(piece))) return;
    }
  } else {
    for await (const piece of source) {
      const known = Math.max(0, partial.size - received);
      if (known < piece.length && input.local !== true) partial.append(piece.subarray(known));
      if (!(await take(piece))) return;
    }
  }
  target.end();
}

function checkReceived(input: LayerInput, received: number): void {
  if (input.size === undefined || received <= input.size) return;
  throw new StoreError('size-mismatch', `layer ${input.digest} is longer than the ${input.size} bytes it should have`);
}

/** Writes with back-pressure; false where the reader is gone. */
function send(target: Writable, piece: Uint8Array): Promise<boolean> | boolean {
  if (target.destroyed || target.writableEnded) return false;
  if (target.write(piece)) return true;
  return new Promise((resolve) => {
    const settle = (): void => {
      target.off('drain', settle);
      target.off('close', settle);
      resolve(!target.destroyed);
    };
    target.once('drain', settle);
    target.once('close', settle);
  });
}

/** Tells a source that will not be read to let go of what it holds. */
export async function abandon(source: LayerSource): Promise<void> {
  if (typeof source === 'function') return;
  const stream = source as { destroy?: () => void };
  if (stream.destroy !== undefined) stream.destroy();
  else await source[Symbol.asyncIterator]().return?.();
}
