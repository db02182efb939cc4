import type { Command } from './command.ts';

/** A command as the top level describes it: enough for help, without loading its code. */
export interface CatalogCommand {
  readonly kind: 'command';
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
  /** Works, but is not listed. */
  readonly hidden?: boolean;
}

/** A docker command that Barge recognizes only to explain why it does not support it. */
export interface Unsupported {
  readonly kind: 'unsupported';
  /** Completes the sentence "… is not supported: ". */
  readonly reason: string;
}

export interface CatalogGroup {
  readonly kind: 'group';
  readonly summary: string;
  readonly commands: Readonly<Record<string, CatalogCommand | Unsupported>>;
}

export type CatalogEntry = CatalogCommand | CatalogGroup | Unsupported;
type Load = CatalogCommand['load'];

export const verb = (summary: string, load: Load): CatalogCommand => ({ kind: 'command', summary, load });
export const group = (summary: string, commands: CatalogGroup['commands']): CatalogGroup => ({
  kind: 'group',
  summary,
  commands,
});
/** An alias of a command, or a command that programs use. */
export const alias = (command: CatalogCommand): CatalogCommand => ({ ...command, hidden: true });
export const unsupported = (reason: string): Unsupported => ({ kind: 'unsupported', reason });
