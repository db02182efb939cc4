import type { FileFailureReason } from '../files.ts';

/** The exit statuses of barge-fs; native/fs/status.h has the same table. */
export const FS_STATUS: Readonly<Record<FileFailureReason, number>> = {
  failed: 1,
  invalid: 2,
  'no-space': 3,
  'ends-early': 4,
  'not-found': 5,
  'not-a-directory': 6,
  loop: 7,
};

const REASONS = new Map(Object.entries(FS_STATUS).map(([reason, status]) => [status, reason]));

/** `failed` for a status that barge-fs does not define, such as that of a killed process. */
export function reasonOf(status: number): FileFailureReason {
  return (REASONS.get(status) as FileFailureReason | undefined) ?? 'failed';
}
