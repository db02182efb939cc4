import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedLock } from '../../core/keyed-lock.ts';
import { storageContract } from '../testing/storage-contract.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { openFileSystem } from './file-system/open.ts';
import { contentKey } from './layout.ts';

storageContract('file system', async () => {
  const directory = await temporaryDirectory();
  const locks = new KeyedLock();
  return {
    storage: await openFileSystem(directory.path, locks),
    other: await openFileSystem(directory.path, locks),
    damage: (digest) => writeFile(join(directory.path, contentKey(digest)), 'not what it was'),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
});
