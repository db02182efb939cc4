import { invalidParameter } from '../../core/errors.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Visitor } from '../auth/access.ts';
import type { AccountAccess } from '../auth/account-access.ts';
import type { Exchange } from '../exchange.ts';

export type Body = Readonly<Record<string, unknown>>;

/** The caller and subject of a management API request, before its body is read. */
export interface Caller {
  readonly accounts: Accounts;
  readonly visitor: Visitor;
  /** The visitor's name; empty for an anonymous one. */
  readonly user: string;
  param(name: string): string;
}

/** An authorized request of the management API. */
interface Call extends Caller {
  readonly access: AccountAccess;
  readonly exchange: Exchange;
  readonly body: Body;
}

/** @returns the JSON response; undefined: an empty response. */
export type Action = (call: Call) => Promise<unknown> | unknown;

/** @throws BargeError invalid-parameter when the body has no such string. */
export function textOf(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  throw invalidParameter(`"${name}" is missing in the body`);
}

/**
 * The boolean members of a body, among the named ones.
 * @throws BargeError invalid-parameter for any other value, so that `"disabled": "true"` is not silently ignored.
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
