import { stat } from 'node:fs/promises';
import { notFound } from '../../core/errors.ts';
import { formatBytes } from '../../core/units.ts';
import { lockFolder } from '../../host/folder-lock.ts';
import type { Collected } from '../storage/file-system/collect.ts';
import { FileSystemStorage } from '../storage/file-system/file-system-storage.ts';
import type { Flags } from './flags.ts';
import { collectionOptions, dataRootOf } from './serve-options.ts';

interface Output {
  write(text: string): unknown;
}

/** What a registry that runs on the same data root answers others. */
export const inUse = (dataRoot: string) =>
  `a barge-registry runs on ${dataRoot}: it collects garbage by itself (--gc-interval), and at once when it gets SIGUSR2`;

async function openExisting(dataRoot: string): Promise<FileSystemStorage> {
  if (!(await stat(dataRoot).catch(() => undefined))) {
    throw notFound(`there is no data root ${dataRoot}: say where it is with --data-root`);
  }
  return await FileSystemStorage.open(dataRoot);
}

/** `gc`. @throws BargeError conflict while a registry runs there. */
export async function collect(flags: Flags, out: Output): Promise<void> {
  const dataRoot = dataRootOf(flags);
  const storage = await openExisting(dataRoot);
  const lock = await lockFolder(dataRoot, inUse(dataRoot));
  try {
    const dryRun = flags.values['dry-run'] ?? false;
    const found = await storage.collect({ ...collectionOptions(flags), dryRun });
    out.write(`${dryRun ? 'would remove' : 'removed'} ${wordsFor(found)}\n`);
    for (const where of found.damaged) out.write(`left alone, since a manifest cannot be read: ${where}\n`);
  } finally {
    lock.close();
  }
}

export function wordsFor({ manifests, links, contents, bytes }: Collected): string {
  return `${manifests} manifests, ${links} blobs of repositories, ${contents} contents (${formatBytes(bytes)})`;
}

/** `check`; works beside a registry that runs. @returns the exit code: 1 when something is wrong. */
export async function check({ values, ...rest }: Flags, out: Output): Promise<number> {
  const storage = await openExisting(dataRootOf({ values, ...rest }));
  let findings = 0;
  const options = { deep: values.deep ?? values.repair ?? false, repair: values.repair ?? false };
  for await (const { where, what } of storage.check(options)) {
    findings++;
    out.write(`${where}: ${what}\n`);
  }
  out.write(findings === 0 ? 'everything is as it must be\n' : `${findings} findings\n`);
  return findings === 0 ? 0 : 1;
}
