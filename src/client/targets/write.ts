import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../../core/durable.ts';
import {
  type ContextEndpoint,
  type ContextMeta,
  directoriesOf,
  ENDPOINT,
  type StoredContext,
  type TlsFiles,
} from './store.ts';

/** The context that `context create` and `import` store. */
export function contextMeta(name: string, endpoint: ContextEndpoint, description: string): ContextMeta {
  return {
    Name: name,
    Metadata: description === '' ? {} : { Description: description },
    Endpoints: { [ENDPOINT]: endpoint },
  };
}

/** Creates or replaces a context. The TLS files are written first, because the metadata refers to them. */
export async function writeContext(
  configDirectory: string,
  meta: ContextMeta,
  tls?: TlsFiles,
): Promise<void> {
  const { metaDirectory, tlsDirectory } = directoriesOf(configDirectory, meta.Name);
  if (tls) {
    await rm(tlsDirectory, { recursive: true, force: true });
    for (const [file, content] of Object.entries(tls)) {
      await mkdir(join(tlsDirectory, ENDPOINT), { recursive: true, mode: 0o700 });
      await writeDurably(join(tlsDirectory, ENDPOINT, file), content, 0o600);
    }
  }
  await mkdir(metaDirectory, { recursive: true, mode: 0o755 });
  await writeDurably(join(metaDirectory, 'meta.json'), JSON.stringify(meta), 0o644);
}

export async function removeContext({ metaDirectory, tlsDirectory }: StoredContext): Promise<void> {
  await rm(metaDirectory, { recursive: true, force: true });
  await rm(tlsDirectory, { recursive: true, force: true });
}
