import { invalidParameter } from '../../core/errors.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Visitor } from '../auth/access.ts';
import type { AccountAccess } from '../auth/account-access.ts';
import type { Exchange } from '../exchange.ts';

export type Body = Readonly<Record<string, unknown>>;

/** Who calls the management API, and what about, before anything of the body was read. */
export interface Caller {
  readonly accounts: Accounts;
  readonly visitor: Visitor;
  /** The visitor's name; empty for anybody. */
  readonly user: string;
  param(name: string): string;
}

/** A request of the management API whose sender may make it. */
export interface Call extends Caller {
  readonly access: AccountAccess;
  readonly exchange: Exchange;
  readonly body: Body;
}

/** @returns the JSON to answer with; undefined: an empty answer. */
export type Action = (call: Call) => Promise<unknown> | unknown;

/** @throws BargeError invalid-parameter when there is no such text in the body. */
export function textOf(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw invalidParameter(`"${name}" is missing in the body`);
}

/**
 * The members of a body that are true or false, among those named.
 * @throws BargeError invalid-parameter for any other value: whoever sends `"disabled": "true"` must not take it for done.
 */
export const flagsOf = (body: Body, ...names: readonly string[]): Record<string, boolean> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = body[name];
      if (value === undefined) return [];
      if (typeof value === 'boolean') return [[name, value]];
      throw invalidParameter(`"${name}" is neither true nor false`);
    }),
  );
