import { invalidParameter } from '../../core/errors.ts';

/** A git repository as people write it in builds: `URL#ref:subfolder`, or with `?ref=…&subdir=…`. */
export interface GitSource {
  readonly url: string;
  /** Branch, tag or commit; absent is the default branch. */
  readonly ref?: string;
  readonly subfolder?: string;
  /** A commit, or the beginning of one, that `ref` must lead to. */
  readonly checksum?: string;
  /** Takes submodules, too, unless false. */
  readonly submodules: boolean;
  readonly keepGitDir: boolean;
}

const QUERY = ['ref', 'tag', 'branch', 'subdir', 'checksum', 'commit', 'keep-git-dir', 'submodules'];

/** Whether a word names a git repository rather than a file or an archive. */
export function isGitUrl(word: string): boolean {
  return (
    /^(git|ssh):\/\//.test(word) ||
    /^[\w.-]+@[^/\s]+:/.test(word) ||
    /^github\.com\//.test(word) ||
    /^https?:\/\/[^#?]+\.git([#?].*)?$/.test(word)
  );
}

/** @throws BargeError invalid-parameter for a query that is not known, or a folder outside of the repository. */
export function parseGitUrl(word: string): GitSource {
  const hash = word.indexOf('#');
  const fragment = hash === -1 ? '' : word.slice(hash + 1);
  const [address = '', query = ''] = (hash === -1 ? word : word.slice(0, hash)).split('?');
  const colon = fragment.indexOf(':');
  const asked = readQuery(query, word);
  const ref = asked.get('tag') ?? asked.get('branch') ?? asked.get('ref') ?? before(fragment, colon);
  const subfolder = asked.get('subdir') ?? (colon === -1 ? '' : fragment.slice(colon + 1));
  const checksum = asked.get('checksum') ?? asked.get('commit') ?? undefined;
  const parts = subfolder.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..'))
    throw invalidParameter(`the folder ${subfolder} is outside of the repository ${address}`);
  if (ref.startsWith('-')) throw invalidParameter(`invalid git reference "${ref}"`);
  return {
    url: address.startsWith('github.com/') ? `https://${address}` : address,
    ...(ref === '' ? {} : { ref }),
    ...(parts.length === 0 ? {} : { subfolder: parts.join('/') }),
    ...(checksum === undefined ? {} : { checksum }),
    submodules: asked.get('submodules') !== 'false',
    keepGitDir: asked.get('keep-git-dir') === 'true',
  };
}

const before = (fragment: string, colon: number) => (colon === -1 ? fragment : fragment.slice(0, colon));

function readQuery(query: string, word: string): URLSearchParams {
  const asked = new URLSearchParams(query);
  for (const name of asked.keys()) {
    if (!QUERY.includes(name)) throw invalidParameter(`unexpected query "${name}" in ${word}`);
  }
  return asked;
}
