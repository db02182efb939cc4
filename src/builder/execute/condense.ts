import { createHash } from 'node:crypto';

const PREFIX = 'file:';
/** The number of files of one step that are stored individually. */
const MAX_FILES = 2000;
const MAX_DEPTH = 8;

/**
 * Bounds the size of traces: with very many files, whole directories replace the files in them, namely the deepest ones
 * that are few enough.
 */
export function condensed(ingredients: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(ingredients);
  const files = entries.filter(([name]) => name.startsWith(PREFIX));
  if (files.length <= MAX_FILES) return { ...ingredients };
  const others = entries.filter(([name]) => !name.startsWith(PREFIX));
  let directories = byDirectory(files, 1);
  for (let depth = 2; depth <= MAX_DEPTH; depth++) {
    const deeper = byDirectory(files, depth);
    if (deeper.size > MAX_FILES) break;
    directories = deeper;
  }
  const digests = [...directories].map(([name, hash]) => [name, hash.digest('hex').slice(0, 32)] as const);
  return Object.fromEntries([...others, ...digests]);
}

function byDirectory(files: readonly (readonly [string, string])[], depth: number) {
  const directories = new Map<string, ReturnType<typeof createHash>>();
  for (const [name, digest] of files) {
    const parts = name.slice(PREFIX.length).split('/');
    const directory = parts.length <= depth ? parts.join('/') : `${parts.slice(0, depth).join('/')}/`;
    const hash = directories.get(PREFIX + directory) ?? createHash('sha256');
    directories.set(PREFIX + directory, hash.update(`${name} ${digest}\n`));
  }
  return directories;
}
