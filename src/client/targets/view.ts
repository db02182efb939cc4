import type { Cli } from '../cli.ts';
import type { TcpEndpoint } from '../transport/endpoint.ts';
import { type ContextEndpoint, DEFAULT_CONTEXT, readContext, readTlsFiles, type TlsFiles } from './store.ts';

/** A context as `ls`, `inspect` and `export` read it, including the default one. */
export interface ContextView {
  readonly name: string;
  readonly metadata: Readonly<{ Description?: string } & Record<string, unknown>>;
  readonly endpoint: ContextEndpoint;
  readonly tls: TlsFiles;
  /** Undefined for the default context, which is not stored. */
  readonly directories?: { readonly meta: string; readonly tls: string };
}

/** @throws BargeError not-found. */
export function viewContext(cli: Cli, name: string): ContextView {
  if (name === DEFAULT_CONTEXT) return viewDefault(cli);
  const stored = readContext(cli.configDirectory, name);
  return {
    name,
    metadata: stored.meta.Metadata,
    endpoint: stored.endpoint,
    tls: readTlsFiles(stored),
    directories: { meta: stored.metaDirectory, tls: stored.tlsDirectory },
  };
}

function viewDefault(cli: Cli): ContextView {
  const endpoint = cli.defaultEndpoint();
  const tls = endpoint.kind === 'tcp' ? endpoint.tls : undefined;
  return {
    name: DEFAULT_CONTEXT,
    metadata: {},
    endpoint: { Host: endpoint.url, SkipTLSVerify: tls !== undefined && !tls.verify },
    tls: tls ? filesOf(tls) : {},
  };
}

function filesOf({ ca, cert, key }: NonNullable<TcpEndpoint['tls']>): TlsFiles {
  return {
    ...(ca ? { 'ca.pem': ca } : {}),
    ...(cert ? { 'cert.pem': cert } : {}),
    ...(key ? { 'key.pem': key } : {}),
  };
}
