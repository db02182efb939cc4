import type { UploadedPart } from './bucket.ts';

/** The state of an upload to object storage, with which any server can continue it. */
export interface UploadState {
  readonly repository: string;
  /** Id of the multipart upload, once there is a part. */
  readonly multipart?: string;
  readonly parts: readonly UploadedPart[];
  /** Bytes after the parts that do not fill one; they are a separate object, named after the numbers of parts and bytes. */
  readonly tail: number;
  /** Whether the parts have been combined into one object, which accepts no more bytes. */
  readonly isComplete?: true;
}

export const offsetOf = ({ parts, tail }: UploadState): number =>
  parts.reduce((sum, { size }) => sum + size, tail);
