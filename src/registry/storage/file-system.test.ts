import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storageContract } from '../testing/storage-contract.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { openFileSystem } from './file-system/open.ts';
import { KeyedLock } from './keyed-lock.ts';
import { contentKey } from './layout.ts';

storageContract('file system', async () => {
  const folder = await temporaryFolder();
  const locks = new KeyedLock();
  return {
    storage: await openFileSystem(folder.path, locks),
    other: await openFileSystem(folder.path, locks),
    damage: (digest) => writeFile(join(folder.path, contentKey(digest)), 'not what it was'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});
