import type { ProgressMessage } from '../api/engine/system.ts';

export type OnProgress = (message: ProgressMessage) => void;

const INTERVAL_MS = 100;

/** Counts bytes into docker's progress messages, at most ten a second. */
export function byteProgress(
  onProgress: OnProgress,
  status: string,
  id: string,
  total: number,
): (bytes: number) => void {
  let current = 0;
  let last = 0;
  return (bytes) => {
    current += bytes;
    const now = Date.now();
    if (now - last < INTERVAL_MS && current < total) return;
    last = now;
    onProgress({ status, id, progressDetail: { current, total } });
  };
}
