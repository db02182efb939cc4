import { createHash } from 'node:crypto';

const PREFIX = 'file:';
/** Files of one step that are remembered one by one. */
const MAX_FILES = 2000;
const MAX_DEPTH = 8;

/**
 * Keeps traces small: with very many files, whole folders stand for the files in them, the deepest ones that
 * are few enough.
 */
export function condensed(ingredients: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(ingredients);
  const files = entries.filter(([name]) => name.startsWith(PREFIX));
  if (files.length <= MAX_FILES) return { ...ingredients };
  const others = entries.filter(([name]) => !name.startsWith(PREFIX));
  let folders = byFolder(files, 1);
  for (let depth = 2; depth <= MAX_DEPTH; depth++) {
    const deeper = byFolder(files, depth);
    if (deeper.size > MAX_FILES) break;
    folders = deeper;
  }
  const digests = [...folders].map(([name, hash]) => [name, hash.digest('hex').slice(0, 32)] as const);
  return Object.fromEntries([...others, ...digests]);
}

function byFolder(files: readonly (readonly [string, string])[], depth: number) {
  const folders = new Map<string, ReturnType<typeof createHash>>();
  for (const [name, digest] of files) {
    const parts = name.slice(PREFIX.length).split('/');
    const folder = parts.length <= depth ? parts.join('/') : `${parts.slice(0, depth).join('/')}/`;
    const hash = folders.get(PREFIX + folder) ?? createHash('sha256');
    folders.set(PREFIX + folder, hash.update(`${name} ${digest}\n`));
  }
  return folders;
}
