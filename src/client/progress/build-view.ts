import type { BuildMessage } from '../../api/build-events.ts';

/** Shows a build as it goes. */
export interface BuildView {
  show(message: BuildMessage): void;
  /** Nothing more comes. */
  end(): void;
}

export interface PlainOptions {
  write(text: string): void;
  /** Say of each step why the cache had nothing for it. */
  readonly explain: boolean;
}
