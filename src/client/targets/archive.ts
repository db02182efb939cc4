import { extract, pack } from 'tar-stream';
import { invalidParameter } from '../../core/errors.ts';
import { type ContextMeta, parseMeta, TLS_FILES, type TlsFiles } from './store.ts';
import type { ContextView } from './view.ts';
import { contextMeta } from './write.ts';

/** Larger than any set of certificates. */
const MAX_ENTRY_BYTES = 10 * 1024 * 1024;
const META = 'meta.json';
const TLS_DIRECTORY = 'tls/docker';

/** A context as a tar, which `import` reads: `meta.json` and `tls/docker/*.pem`. */
export function packContext(view: ContextView): AsyncIterable<Uint8Array> {
  const tar = pack();
  const common = { mtime: new Date(0), uid: 0, gid: 0 };
  const meta = { ...contextMeta(view.name, view.endpoint, ''), Metadata: view.metadata };
  tar.entry({ ...common, name: META, mode: 0o644 }, JSON.stringify(meta));
  tar.entry({ ...common, name: 'tls', type: 'directory', mode: 0o700 });
  const files = Object.entries(view.tls);
  if (files.length > 0) tar.entry({ ...common, name: TLS_DIRECTORY, type: 'directory', mode: 0o700 });
  for (const [file, content] of files) {
    tar.entry({ ...common, name: `${TLS_DIRECTORY}/${file}`, mode: 0o600 }, content);
  }
  tar.finalize();
  return tar as unknown as AsyncIterable<Uint8Array>;
}

/** Reads such a tar. @throws BargeError invalid-parameter when it is malformed or contains anything else. */
export async function unpackContext(
  tar: AsyncIterable<Uint8Array>,
): Promise<{ readonly meta: ContextMeta; readonly tls: TlsFiles }> {
  const unpack = extract();
  const feeding = feed(tar, unpack as unknown as NodeJS.WritableStream);
  const tls: Record<string, Buffer> = {};
  let meta: ContextMeta | undefined;
  try {
    for await (const entry of unpack) {
      const { name, type, size = 0 } = entry.header;
      if (size > MAX_ENTRY_BYTES) throw invalidParameter(`${name} is too large for a context`);
      const content = await readAll(entry as unknown as AsyncIterable<Uint8Array>);
      if (type === 'directory') continue;
      if (name === META) meta = parseMeta(content.toString('utf8'), META);
      else tls[tlsFileOf(name)] = content;
    }
    await feeding;
  } catch (cause) {
    unpack.destroy();
    await feeding.catch(() => {});
    throw cause;
  }
  if (!meta) throw invalidParameter('invalid context: no metadata found');
  return { meta, tls };
}

function tlsFileOf(path: string): string {
  const file = TLS_FILES.find((one) => path === `${TLS_DIRECTORY}/${one}`);
  if (!file) throw invalidParameter(`unexpected context file: ${path}`);
  return file;
}

async function feed(tar: AsyncIterable<Uint8Array>, unpack: NodeJS.WritableStream): Promise<void> {
  const { Readable } = await import('node:stream');
  const { pipeline } = await import('node:stream/promises');
  await pipeline(Readable.from(tar), unpack);
}

async function readAll(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}
