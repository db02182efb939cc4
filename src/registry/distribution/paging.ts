import type { Headers } from '../../http/response.ts';
import type { Exchange } from '../exchange.ts';
import { registryError } from '../registry-error.ts';

/** One page of a list, and the header that links to the next. */
interface Page {
  readonly items: readonly string[];
  readonly headers: Headers;
}

/**
 * Selects the page of `names` (in byte order) that the query's `n` and `last` request (distribution spec,
 * "Listing Tags"). Without `n`, a page has at most `usual` names. `n=0` results in an empty page without a next one.
 * @throws RegistryError PAGINATION_NUMBER_INVALID.
 */
export function pageOf(
  exchange: Exchange,
  path: string,
  names: readonly string[],
  usual = names.length,
): Page {
  const asked = exchange.query.get('n');
  const last = exchange.query.get('last');
  if (asked !== null && !/^\d{1,9}$/.test(asked)) {
    throw registryError('PAGINATION_NUMBER_INVALID', 'invalid number of results requested', { n: asked });
  }
  const count = asked === null ? usual : Number(asked);
  const rest = last === null ? names : names.filter((name) => name > last);
  const items = rest.slice(0, count);
  const final = items.at(-1);
  if (final === undefined || items.length === rest.length) return { items, headers: {} };
  return { items, headers: { Link: nextLink(path, { n: String(count), last: final }) } };
}

/** A `Link` header (RFC 8288) to the next page. */
export function nextLink(path: string, query: Readonly<Record<string, string>>): string {
  return `<${path}?${new URLSearchParams(query)}>; rel="next"`;
}
