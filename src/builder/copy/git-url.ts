import { invalidParameter } from '../../core/errors.ts';

/** A git repository as written in builds: `URL#ref:subdirectory`, or with `?ref=…&subdir=…`. */
export interface GitSource {
  readonly url: string;
  /** Branch, tag or commit; absent is the default branch. */
  readonly ref?: string;
  readonly subdirectory?: string;
  /** A commit, or a prefix of one, that `ref` must resolve to. */
  readonly checksum?: string;
  /** Whether to check out submodules; true by default. */
  readonly submodules: boolean;
  readonly keepGitDir: boolean;
}

const QUERY = ['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'keep-git-dir', 'submodules'];

/** Whether a source names a git repository rather than a file or an archive. */
export function isGitUrl(word: string): boolean {
  return (
    /^(git|ssh):\/\//.test(word) ||
    /^[\w.-]+@[^/\s]+:/.test(word) ||
    /^github\.com\//.test(word) ||
    /^https?:\/\/[^#?]+\.git([#?].*)?$/.test(word)
  );
}

/**
 * @throws BargeError invalid-parameter for an unknown query, a directory outside of the repository, and for what git
 * would parse as an option, another protocol or a refspec.
 */
export function parseGitUrl(word: string): GitSource {
  const hash = word.indexOf('#');
  const fragment = hash === -1 ? '' : word.slice(hash + 1);
  const [address = '', query = ''] = (hash === -1 ? word : word.slice(0, hash)).split('?');
  const colon = fragment.indexOf(':');
  const asked = readQuery(query, word);
  const ref = asked.get('tag') ?? asked.get('branch') ?? asked.get('ref') ?? before(fragment, colon);
  const subdirectory = asked.get('subdir') ?? (colon === -1 ? '' : fragment.slice(colon + 1));
  const checksum = asked.get('checksum') ?? asked.get('commit') ?? undefined;
  const parts = subdirectory.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..'))
    throw invalidParameter(`the directory ${subdirectory} is outside of the repository ${address}`);
  checkAddress(address);
  checkReference(ref);
  if (checksum !== undefined && !/^[0-9a-f]{4,64}$/i.test(checksum)) {
    throw invalidParameter(`invalid git checksum ${JSON.stringify(checksum)}: want a commit`);
  }
  return {
    url: address.startsWith('github.com/') ? `https://${address}` : address,
    ...(ref === '' ? {} : { ref }),
    ...(parts.length === 0 ? {} : { subdirectory: parts.join('/') }),
    ...(checksum === undefined ? {} : { checksum }),
    submodules: asked.get('submodules') !== 'false',
    keepGitDir: asked.get('keep-git-dir') === 'true',
  };
}

/** No part may look like an option to git or to the ssh that it starts. */
function checkAddress(address: string): void {
  const wrong = (why: string) => invalidParameter(`invalid git address ${JSON.stringify(address)}: ${why}`);
  if (/[\0-\x20\x7f]/.test(address)) throw wrong('it contains white space or control characters');
  const authority = /^[a-z]+:\/\/([^/]*)/.exec(address)?.[1] ?? address.split(':')[0] ?? '';
  const at = authority.lastIndexOf('@');
  const [user, host] = [authority.slice(0, Math.max(at, 0)), authority.slice(at + 1)];
  if (user.startsWith('-') || host.startsWith('-')) throw wrong('a user or host cannot begin with a dash');
  if (host === '') throw wrong('it has no host');
  if (/^[^/]*::/.test(address)) throw wrong("git's remote helpers are not allowed");
}

/** Checks a ref by the rules of git-check-ref-format(1): it must be only a name, neither an option nor a refspec. */
function checkReference(ref: string): void {
  const isWrong =
    /[\0-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)/.test(ref) || /^[-+/.]|[/.]$/.test(ref);
  if (isWrong || ref === '@') throw invalidParameter(`invalid git reference ${JSON.stringify(ref)}`);
}

const before = (fragment: string, colon: number) => (colon === -1 ? fragment : fragment.slice(0, colon));

function readQuery(query: string, word: string): URLSearchParams {
  const asked = new URLSearchParams(query);
  for (const name of asked.keys()) {
    if (!QUERY.includes(name)) throw invalidParameter(`unexpected query "${name}" in ${word}`);
  }
  return asked;
}
