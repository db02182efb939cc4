import { mkdir } from 'node:fs/promises';
import { writeDurably } from '../../core/durable.ts';
import { type ConfigFile, pathIn } from './config-file.ts';

/** Readable by the owner only: it holds passwords. */
export async function writeConfig(folder: string, config: ConfigFile): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeDurably(pathIn(folder), `${JSON.stringify(config, null, '\t')}\n`, 0o600);
}
