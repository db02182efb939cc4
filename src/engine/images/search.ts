import type { AuthConfig } from '../../api/engine/system.ts';
import { invalidParameter, unavailable } from '../../core/errors.ts';
import { DEFAULT_DOMAIN, parseReference } from '../../core/reference.ts';
import type { HttpResponse } from '../../image/remote/http-transport.ts';
import { readBody } from '../../image/remote/read-body.ts';
import { RegistrySession } from '../../image/remote/session.ts';
import { assertKnownFilters, booleanFilter, type Filters } from '../filters.ts';
import type { ImageContext } from './context.ts';
import { remoteOptions } from './registries.ts';

const HUB_INDEX = 'index.docker.io';
const USUAL_LIMIT = 25;
const MAX_LIMIT = 100;
const MAX_RESPONSE = 8 << 20;
const FILTERS = ['is-automated', 'is-official', 'stars'];

interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated: boolean;
}

interface SearchOptions {
  readonly limit: number | undefined;
  readonly filters: Filters;
  readonly auth?: AuthConfig;
  readonly signal: AbortSignal;
}

/**
 * Searches for images with version 1 of the registry API; in a registry without it, through the names of
 * its repositories.
 * @param term may begin with the host of a registry. @throws BargeError invalid-parameter, unavailable.
 */
export async function searchImages(
  ctx: ImageContext,
  term: string,
  options: SearchOptions,
): Promise<SearchResult[]> {
  const { limit = USUAL_LIMIT, filters } = options;
  if (limit < 1 || limit > MAX_LIMIT)
    throw invalidParameter(`Limit ${limit} is outside the range of [1, ${MAX_LIMIT}]`);
  const passes = filterOf(filters);
  const { domain, rest } = splitTerm(term);
  using session = new RegistrySession(domain, await remoteOptions(ctx.registries, domain, options));
  const query = new URLSearchParams({ q: rest, n: String(limit) });
  const response = await session.send({ method: 'GET', url: `/v1/search?${query}`, scopes: [] });
  const results =
    response.status === 404 ? await searchCatalog(session, rest, response) : await resultsIn(response);
  return results.filter(passes).slice(0, limit);
}

function splitTerm(term: string): { domain: string; rest: string } {
  if (term.includes('://')) throw invalidParameter(`invalid repository name (${term}), leave the scheme out`);
  if (!term) throw invalidParameter('the search term is missing');
  const slash = term.indexOf('/');
  const head = term.slice(0, Math.max(slash, 0));
  if (!/[.:]|^localhost$/.test(head)) return { domain: HUB_INDEX, rest: term.replace(/^library\//, '') };
  const { domain } = parseReference(`${head}/x`);
  return { domain: domain === DEFAULT_DOMAIN ? HUB_INDEX : domain, rest: term.slice(slash + 1) };
}

function filterOf(filters: Filters): (result: SearchResult) => boolean {
  assertKnownFilters(filters, FILTERS);
  const flag = (name: string) => {
    const values = filters.get(name);
    return values ? booleanFilter(name, values) : undefined;
  };
  const [official, automated] = [flag('is-official'), flag('is-automated')];
  const stars = Math.max(0, ...(filters.get('stars') ?? []).map(wholeNumber));
  return (result) =>
    (official === undefined || result.is_official === official) &&
    (automated === undefined || result.is_automated === automated) &&
    result.star_count >= stars;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw invalidParameter(`invalid filter 'stars=${text}'`);
  return Number(text);
}

async function resultsIn(response: HttpResponse): Promise<SearchResult[]> {
  if (response.status !== 200) {
    response.body.resume();
    throw unavailable(`Unexpected status code ${response.status}`);
  }
  const { results } = await jsonOf<{ results?: Partial<SearchResult>[] }>(response);
  return (results ?? []).map((result) => ({
    name: String(result.name ?? ''),
    description: String(result.description ?? ''),
    star_count: Number(result.star_count ?? 0),
    is_official: result.is_official === true,
    is_automated: result.is_automated === true,
  }));
}

async function searchCatalog(
  session: RegistrySession,
  term: string,
  before: HttpResponse,
): Promise<SearchResult[]> {
  before.body.resume();
  const scopes = ['registry:catalog:*'];
  const response = await session.send({ method: 'GET', url: '_catalog?n=1000', scopes });
  if (response.status !== 200) return await resultsIn(response);
  const { repositories } = await jsonOf<{ repositories?: string[] }>(response);
  return (repositories ?? [])
    .filter((name) => name.includes(term))
    .map((name) => ({ name, description: '', star_count: 0, is_official: false, is_automated: false }));
}

async function jsonOf<T>(response: HttpResponse): Promise<T> {
  try {
    return JSON.parse((await readBody(response, MAX_RESPONSE)).toString()) as T;
  } catch (error) {
    throw unavailable(`${response.request.url.href}: the response is not JSON`, { cause: error });
  }
}
