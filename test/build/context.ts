import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestDaemon } from '../harness/daemon.ts';

/** Makes a build context in a folder of its own. @returns the folder. */
export function makeContext(
  daemon: TestDaemon,
  name: string,
  files: Readonly<Record<string, string>>,
): string {
  const folder = daemon.path(name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}
