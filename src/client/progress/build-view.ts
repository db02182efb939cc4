import type { BuildMessage } from '../../api/build-events.ts';

/** Shows a build in progress. */
export interface BuildView {
  show(message: BuildMessage): void;
  /** Called after the last message. */
  end(): void;
}

export interface PlainOptions {
  write(text: string): void;
  /** Explain why each step was not cached. */
  readonly explain: boolean;
}
