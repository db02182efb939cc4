import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const CACHE = join(import.meta.dirname, '../../.cache/image-tools');

type Tool = 'skopeo' | 'umoci' | 'podman';

/** A program that works with images: on the PATH, or unpacked by `tools/image-tools.ts`; undefined: neither. */
export function imageTool(name: Tool): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return [...folders.map((folder) => join(folder, name)), join(CACHE, name, 'usr/bin', name)].find(
    (path) => existsSync(path) && spawnSync(path, ['--version']).status === 0,
  );
}

/** Why a test cannot run here; false when it can. */
export function withoutTool(...names: readonly Tool[]): string | false {
  const missing = names.find((name) => !imageTool(name));
  return missing
    ? `no ${missing} on the PATH or in .cache/image-tools (npm test unpacks what apt has)`
    : false;
}
