import type { Command } from './command.ts';

/** A command as the top level knows it: enough for help, without loading the code. */
export interface CatalogCommand {
  readonly kind: 'command';
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
  /** Works, but is left out of the lists. */
  readonly hidden?: boolean;
}

/** A command of docker's that Barge knows only to say why it has none. */
export interface Unsupported {
  readonly kind: 'unsupported';
  /** Ends the sentence "… is not supported: ". */
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
/** Another name for a command, or one that programs use. */
export const alias = (command: CatalogCommand): CatalogCommand => ({ ...command, hidden: true });
export const unsupported = (reason: string): Unsupported => ({ kind: 'unsupported', reason });
