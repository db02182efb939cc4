import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestDaemon } from '../harness/daemon.ts';

/** Creates a build context in a new directory. @returns the directory. */
export function makeContext(
  daemon: TestDaemon,
  name: string,
  files: Readonly<Record<string, string>>,
): string {
  const directory = daemon.path(name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}
