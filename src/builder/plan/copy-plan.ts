import { posix } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';
import { type GitSource, isGitUrl, parseGitUrl } from '../copy/git-url.ts';
import { heredocText } from '../parse/heredoc.ts';
import type { Copy, Origin } from '../parse/instruction.ts';
import type { StageDraft } from './draft.ts';
import type { CopyOperation, CopyOrigin, Download } from './graph.ts';
import { LAYER_MARK } from './history.ts';

/** COPY and ADD: variables expanded, sources grouped by their origin. */
export async function planCopy(draft: StageDraft, copy: Copy & Origin): Promise<void> {
  const expand = (text: string) => draft.scope.expand(text);
  const sources = copy.sources.map(expand);
  const destination = expand(copy.destination);
  const chown = copy.chown === undefined ? undefined : expand(copy.chown);
  const chmod = copy.chmod === undefined ? undefined : expand(copy.chmod);
  const downloads = planDownloads(copy, sources, expand);
  const repositories = planRepositories(copy, sources, expand);
  const local = sources.filter((source) => !isUrl(source) && !isGitUrl(source)).map(withinContext);
  draft.operation = {
    kind: 'copy',
    verb: copy.verb,
    base: draft.operation,
    from: await copyOrigin(draft, copy),
    sources: local,
    documents: copy.documents.map((heredoc) => {
      const text = heredocText(heredoc);
      return { path: heredoc.name, content: heredoc.expand ? draft.scope.expandDocument(text) : text };
    }),
    downloads,
    repositories,
    destination: absolutePath(draft.image.run.WorkingDir, destination),
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
    link: copy.link,
    parents: copy.parents,
    exclude: copy.exclude.map(expand),
    unpack: copy.unpack ?? copy.verb === 'ADD',
    unpackDownloads: copy.unpack === true,
  } satisfies CopyOperation;
  const flags = [
    ...(copy.parents ? ['--parents'] : []),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
  ];
  const documents = copy.documents.map((document) => `<<${document.name}`);
  const words = [copy.verb, ...flags, ...sources, ...documents, destination];
  draft.commit(copy, words.join(' ') + LAYER_MARK);
}

/** `..` stops at the context, as in BuildKit: `../a` is `a`. */
function withinContext(source: string): string {
  return posix.normalize(source).startsWith('..') ? posix.join('/', source).slice(1) || '.' : source;
}

async function copyOrigin(draft: StageDraft, copy: Copy & Origin): Promise<CopyOrigin> {
  if (copy.from === undefined) return { kind: 'context' };
  if (/\$./.test(copy.from)) {
    const advice = 'define a new stage with FROM using ARG from global scope as a workaround';
    throw invalidParameter(`variable expansion is not supported for --from, ${advice}`);
  }
  return await draft.context.originOf(copy.from, draft.entry, copy.span);
}

function planRepositories(
  copy: Copy,
  sources: readonly string[],
  expand: (text: string) => string,
): GitSource[] {
  const found = sources.filter(isGitUrl);
  if (found.length > 0 && copy.verb === 'COPY') throw invalidParameter("source can't be a git ref for COPY");
  return found.map((source) => {
    const git = parseGitUrl(source);
    return {
      ...git,
      keepGitDir: copy.keepGitDir ?? git.keepGitDir,
      ...(copy.checksum === undefined ? {} : { checksum: expand(copy.checksum) }),
    };
  });
}

function planDownloads(copy: Copy, sources: readonly string[], expand: (text: string) => string): Download[] {
  const urls = sources.filter(isUrl);
  if (urls.length > 0 && copy.verb === 'COPY') throw invalidParameter("source can't be a URL for COPY");
  if (copy.checksum === undefined) return urls.map((url) => ({ url }));
  if (sources.length !== 1) throw invalidParameter("checksum can't be specified for multiple sources");
  if (urls.length !== 1 && !sources.every(isGitUrl)) {
    throw invalidParameter('checksum requires HTTP(S) or Git sources');
  }
  return urls.map((url) => ({ url, checksum: expand(copy.checksum ?? '') }));
}

const isUrl = (source: string) => /^https?:\/\//.test(source) && !isGitUrl(source);

/** `path` resolved from `workingDir`; a trailing slash, or `.` as last component, marks a directory and is kept. */
function absolutePath(workingDir: string | undefined, path: string): string {
  const joined = posix.resolve('/', workingDir ?? '/', path);
  const isDirectory = path === '' || path.endsWith('/') || /(^|\/)\.{1,2}$/.test(path);
  return isDirectory && joined !== '/' ? `${joined}/` : joined;
}
