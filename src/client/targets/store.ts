import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalidParameter, notFound } from '../../core/errors.ts';

/** The context from flags, environment and defaults, which is not stored. */
export const DEFAULT_CONTEXT = 'default';
/** The key of the daemon's address and TLS files; other tools store their endpoints beside it. */
export const ENDPOINT = 'docker';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;
/** TLS files that an endpoint may have. */
export const TLS_FILES = ['ca.pem', 'cert.pem', 'key.pem'] as const;

export type TlsFiles = Readonly<Partial<Record<(typeof TLS_FILES)[number], Buffer>>>;

export interface ContextEndpoint {
  readonly Host?: string;
  readonly SkipTLSVerify?: boolean;
}

/** `meta.json` of one context, in docker's form. */
export interface ContextMeta {
  readonly Name: string;
  readonly Metadata: Readonly<{ Description?: string } & Record<string, unknown>>;
  readonly Endpoints: Readonly<Record<string, ContextEndpoint>>;
}

export interface StoredContext {
  readonly meta: ContextMeta;
  readonly endpoint: ContextEndpoint;
  readonly metaDirectory: string;
  readonly tlsDirectory: string;
}

/** @throws BargeError invalid-parameter for an invalid or reserved name. */
export function checkContextName(name: string): void {
  if (name === DEFAULT_CONTEXT) throw invalidParameter(`"${DEFAULT_CONTEXT}" is a reserved context name`);
  if (!NAME.test(name)) {
    throw invalidParameter(
      `context name "${name}" is invalid, names are validated against regexp "${NAME.source}"`,
    );
  }
}

/** The path of a context's metadata, by its name. */
export function directoriesOf(
  configDirectory: string,
  name: string,
): { metaDirectory: string; tlsDirectory: string } {
  // Loaded here because a client without contexts does not need it.
  const { hash } = process.getBuiltinModule('node:crypto');
  const id = hash('sha256', name);
  const root = join(configDirectory, 'contexts');
  return { metaDirectory: join(root, 'meta', id), tlsDirectory: join(root, 'tls', id) };
}

/** @throws BargeError not-found; invalid-parameter when its file is invalid. */
export function readContext(configDirectory: string, name: string): StoredContext {
  const directories = directoriesOf(configDirectory, name);
  const path = join(directories.metaDirectory, 'meta.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = `open ${path}: no such file or directory`;
    throw notFound(`context "${name}": context not found: ${reason}`, { cause });
  }
  return { ...readMeta(text, path), ...directories };
}

export function parseMeta(text: string, path: string): ContextMeta {
  try {
    const meta = JSON.parse(text) as Partial<ContextMeta>;
    if (typeof meta.Name !== 'string') throw invalidParameter('it has no Name');
    return { ...meta, Name: meta.Name, Metadata: meta.Metadata ?? {}, Endpoints: meta.Endpoints ?? {} };
  } catch (cause) {
    throw invalidParameter(`${path} does not describe a context: correct or remove it`, { cause });
  }
}

function readMeta(text: string, path: string): { meta: ContextMeta; endpoint: ContextEndpoint } {
  const meta = parseMeta(text, path);
  return { meta, endpoint: meta.Endpoints[ENDPOINT] ?? {} };
}

export function contextExists(configDirectory: string, name: string): boolean {
  return existsSync(join(directoriesOf(configDirectory, name).metaDirectory, 'meta.json'));
}

/** Every stored context, by name. */
export function listContexts(configDirectory: string): StoredContext[] {
  const root = join(configDirectory, 'contexts', 'meta');
  if (!existsSync(root)) return [];
  const paths = readdirSync(root).map((id) => join(root, id, 'meta.json'));
  return paths
    .filter((path) => existsSync(path))
    .map((path) => readMeta(readFileSync(path, 'utf8'), path))
    .map((found) => ({ ...found, ...directoriesOf(configDirectory, found.meta.Name) }))
    .sort((a, b) => (a.meta.Name < b.meta.Name ? -1 : 1));
}

/** The directory of a context's TLS files. */
const tlsEndpointDirectory = (context: StoredContext) => join(context.tlsDirectory, ENDPOINT);

export function readTlsFiles(context: StoredContext): TlsFiles {
  const directory = tlsEndpointDirectory(context);
  const files = TLS_FILES.filter((file) => existsSync(join(directory, file)));
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(directory, file))]));
}
