import { invalidParameter } from '../core/errors.ts';

/** Splits a request's target into its path and its parameters. @throws as `queryOf`. */
export function splitTarget(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const path = pathOf(url);
  return { path, query: queryOf(url.slice(path.length)) };
}

export const pathOf = (url: string): string => url.split('?', 1)[0] ?? '';

/**
 * The parameters of a request.
 * @param text from the `?` on.
 * @throws BargeError invalid-parameter for a zero byte, which no path, name or program argument can contain.
 */
export function queryOf(text: string): URLSearchParams {
  const query = new URLSearchParams(text);
  for (const [name, value] of query) {
    if (value.includes('\0')) throw invalidParameter(`invalid value for ${name}: it contains a zero byte`);
  }
  return query;
}

/** A boolean as Docker reads it: false is empty, `0`, `no`, `false` or `none`; anything else is true. */
export function flag(query: URLSearchParams, name: string, otherwise = false): boolean {
  const value = query.get(name);
  if (value === null) return otherwise;
  return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
}

/** @throws BargeError invalid-parameter for anything but a whole number. */
export function integer(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^-?\d+$/.test(value))
    throw invalidParameter(`invalid value for ${name}: "${value}" is not a whole number`);
  return Number(value);
}
