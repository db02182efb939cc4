/** Something that is not as the database says, or that it does not know. */
export interface Problem {
  /** What is wrong, in a word or two: `missing layer`, `orphan blob`, … */
  readonly kind: string;
  /** Whose: a digest, an id or a path. */
  readonly object: string;
  /** A sentence for whoever reads the report. */
  readonly detail: string;
  /** Makes it good; undefined: nobody can. @throws whatever keeps it from being made good. */
  readonly repair?: () => Promise<void>;
}
