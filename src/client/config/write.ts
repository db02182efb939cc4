import { mkdir, realpath } from 'node:fs/promises';
import { writeDurably } from '../../core/durable.ts';
import { errnoOf } from '../../core/errors.ts';
import { type ConfigFile, pathIn } from './config-file.ts';

/**
 * Only the owner may read the file, because it contains passwords. When it is a symbolic link, the link's target is
 * replaced.
 */
export async function writeConfig(directory: string, config: ConfigFile): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeDurably(await targetOf(pathIn(directory)), `${JSON.stringify(config, null, '\t')}\n`, 0o600);
}

async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return path;
    throw error;
  }
}
