import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../../core/durable.ts';
import {
  type ContextEndpoint,
  type ContextMeta,
  ENDPOINT,
  foldersOf,
  type StoredContext,
  type TlsFiles,
} from './store.ts';

/** What `context create` and `import` store. */
export function contextMeta(name: string, endpoint: ContextEndpoint, description: string): ContextMeta {
  return {
    Name: name,
    Metadata: description === '' ? {} : { Description: description },
    Endpoints: { [ENDPOINT]: endpoint },
  };
}

/** Makes or replaces a context. The TLS files come first: what names them must find them. */
export async function writeContext(configFolder: string, meta: ContextMeta, tls?: TlsFiles): Promise<void> {
  const { metaFolder, tlsFolder } = foldersOf(configFolder, meta.Name);
  if (tls) {
    await rm(tlsFolder, { recursive: true, force: true });
    for (const [file, content] of Object.entries(tls)) {
      await mkdir(join(tlsFolder, ENDPOINT), { recursive: true, mode: 0o700 });
      await writeDurably(join(tlsFolder, ENDPOINT, file), content, 0o600);
    }
  }
  await mkdir(metaFolder, { recursive: true, mode: 0o755 });
  await writeDurably(join(metaFolder, 'meta.json'), JSON.stringify(meta), 0o644);
}

export async function removeContext({ metaFolder, tlsFolder }: StoredContext): Promise<void> {
  await rm(metaFolder, { recursive: true, force: true });
  await rm(tlsFolder, { recursive: true, force: true });
}
