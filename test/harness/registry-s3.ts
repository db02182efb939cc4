import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import S3rver from 's3rver';

/** The key that the server takes; it verifies signatures with it. */
const KEY = 'S3RVER';

/** An S3 server with one bucket, on loopback. */
export interface S3Server extends AsyncDisposable {
  /** What `--storage` takes. */
  readonly url: string;
  readonly endpoint: string;
  /** Credentials for it, as environment variables. */
  readonly environment: Readonly<Record<string, string>>;
}

export async function startS3(options = ''): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'barge-s3-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: 'registry', configs: [] }],
  });
  listDirectories(server.store);
  writeBeforeResponding(server.store);
  const { port } = await server.run();
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    url: `s3://registry/some/prefix?endpoint=${encodeURIComponent(endpoint)}${options}`,
    environment: { AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: KEY },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Of directories, s3rver 3.7.1 names only those with an object directly in them, where S3 names all; and its mark for the
 * next page needs a cipher that Node has no more. Its list of everything is right, so the rest is found in that.
 */
function listDirectories(store: S3rver['store']): void {
  const list = store.listObjects.bind(store);
  store.listObjects = async (bucket, options) => {
    const { delimiter = '', prefix = '', maxKeys } = options;
    const all = await list(bucket, { ...options, delimiter: '', maxKeys: Number.POSITIVE_INFINITY });
    if (!delimiter) return { ...all, objects: all.objects.slice(0, maxKeys === 1 ? 1 : undefined) };
    const rest = (key: string) => key.slice(prefix.length);
    const inDirectories = all.objects.filter(({ key }) => rest(key).includes(delimiter));
    const directoryOf = (key: string) =>
      key.slice(0, prefix.length + rest(key).indexOf(delimiter) + delimiter.length);
    return {
      objects: all.objects.filter((object) => !inDirectories.includes(object)),
      commonPrefixes: [...new Set(inDirectories.map(({ key }) => directoryOf(key)))].sort(),
      isTruncated: false,
    };
  };
}

/** Of what is sent, s3rver 3.7.1 answers that it is there before it has opened the file. S3 gives what it has taken. */
function writeBeforeResponding(store: S3rver['store']): void {
  const write = async (path: string, content: Buffer | NodeJS.ReadableStream) => {
    const bytes = Buffer.isBuffer(content) ? content : await buffer(content);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    return { size: bytes.length, md5: createHash('md5').update(bytes).digest('hex') };
  };
  store.putObject = async ({ bucket, key, content, metadata }) => {
    const written = await write(store.getResourcePath(bucket, key, 'object'), content);
    await store.putMetadata(bucket, key, metadata, written.md5);
    return written;
  };
  store.putPart = async (bucket, uploadId, part, content) => {
    const path = join(store.getResourcePath(bucket, undefined, 'uploads'), uploadId, `${part}`);
    const written = await write(path, content);
    await writeFile(`${path}.md5`, written.md5);
    return written;
  };
}
