/** The specification's four workflows, on every kind of storage; the whole program. */
import { after, before, describe } from 'node:test';
import { type RegistryProcess, spawnRegistry } from '../src/registry/testing/registry-process.ts';
import { temporaryDirectory } from '../src/registry/testing/temporary-directory.ts';
import { distributionChecks } from './harness/distribution.ts';
import { startS3 } from './harness/registry-s3.ts';

/** @param extra what else must end with the registry, and flags for it. */
function against(
  kind: string,
  extra: () => Promise<{ flags: readonly string[] } & AsyncDisposable>,
  lastBytes = true,
): void {
  describe(kind, () => {
    const stack = new AsyncDisposableStack();
    let registry: RegistryProcess;
    before(async () => {
      const directory = stack.use(await temporaryDirectory());
      const { flags } = stack.use(await extra());
      registry = stack.use(await spawnRegistry(['--data-root', directory.path, ...flags]));
    });
    after(() => stack.disposeAsync());
    distributionChecks(kind, () => registry.url, lastBytes);
  });
}

async function bucket(options: string) {
  const s3 = await startS3(options);
  Object.assign(process.env, s3.environment);
  return { flags: ['--storage', s3.url], [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose]() };
}

against('file system', async () => ({ flags: [], [Symbol.asyncDispose]: async () => {} }));
against('S3, read through the registry', () => bucket('&redirect=false'));
against('S3, read from the bucket', () => bucket('&redirect=true'), false);
