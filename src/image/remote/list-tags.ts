import { unavailable } from '../../core/errors.ts';
import { requestName } from './failure.ts';
import type { HttpResponse } from './http-transport.ts';
import { readBody } from './read-body.ts';
import { pathOf, type RepositoryContext, scopesFor, subjectOf } from './repository-context.ts';
import { responseFailure } from './response-failure.ts';
import { withRetries } from './retry.ts';

const MAX_PAGE_SIZE = 4 * 1024 * 1024;
const MAX_PAGES = 1000;

/** All tags, page by page. @throws BargeError not-found, unauthorized, unavailable, cancelled. */
export async function listTags(context: RepositoryContext): Promise<string[]> {
  const tags: string[] = [];
  let next: string | URL | undefined = pathOf(context, 'tags/list');
  for (let pages = 0; next !== undefined; pages++) {
    if (pages === MAX_PAGES) throw unavailable(`the list of tags has more than ${MAX_PAGES} pages`);
    const page: HttpResponse = await getPage(context, next);
    tags.push(...(await tagsIn(page)));
    next = nextPage(page);
  }
  return tags;
}

function getPage(context: RepositoryContext, url: string | URL): Promise<HttpResponse> {
  return withRetries(context.options, async () => {
    const response = await context.session.send({ method: 'GET', url, scopes: scopesFor(context, 'pull') });
    if (response.status !== 200) throw await responseFailure(response, subjectOf(context, 'pull'));
    return response;
  });
}

async function tagsIn(response: HttpResponse): Promise<string[]> {
  const body = await readBody(response, MAX_PAGE_SIZE);
  const { method, url } = response.request;
  try {
    const { tags } = JSON.parse(body.toString('utf8')) as { tags: unknown };
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
  } catch (cause) {
    throw unavailable(`${requestName(method, url)}: the response is not JSON`, { cause });
  }
}

/** The target of `rel="next"` in a Link header (RFC 8288). */
function nextPage({ headers, request }: HttpResponse): URL | undefined {
  const link = String(headers.link ?? '');
  for (let open = link.indexOf('<'); open !== -1; open = link.indexOf('<', open + 1)) {
    const close = link.indexOf('>', open);
    if (close === -1) return undefined;
    const comma = link.indexOf(',', close);
    const parameters = link.slice(close + 1, comma === -1 ? undefined : comma);
    if (/^\s*;/.test(parameters) && /\brel="?next\b/.test(parameters)) {
      return new URL(link.slice(open + 1, close), request.url);
    }
    open = close;
  }
  return undefined;
}
