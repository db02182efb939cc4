import type { Exchange } from './http/exchange.ts';

/** What the owners of repositories have decided, and who writes down what is done. */
export interface Rules {
  settings(repository: string): { readonly immutableTags: boolean };
  note(entry: { user: string | null; address: string | null; action: string; target: string }): void;
}

/** Writes down that a visitor has changed what a repository holds. */
export function noteChange(
  rules: Rules | undefined,
  exchange: Exchange,
  action: string,
  target: string,
): void {
  const address = exchange.request.socket.remoteAddress ?? null;
  rules?.note({ user: exchange.visitor.user ?? null, address, action, target });
}
