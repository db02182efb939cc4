import type { UploadedPart } from './bucket.ts';

/** What is known of an upload to object storage: enough for any server to go on with it. */
export interface UploadState {
  readonly repository: string;
  /** Of the parts, once there is one. */
  readonly multipart?: string;
  readonly parts: readonly UploadedPart[];
  /** Bytes after the parts, too few for one; they are an object of their own, named by the number of parts and them. */
  readonly tail: number;
  /** The parts have become one object, which takes no more. */
  readonly isComplete?: true;
}

export const offsetOf = ({ parts, tail }: UploadState): number =>
  parts.reduce((sum, { size }) => sum + size, tail);
