import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { invalidParameter } from '../../core/errors.ts';

/** Where the client looks for the daemon when nobody says otherwise. */
export const DEFAULT_HOST = 'unix:///run/barge.sock';

export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Whether the daemon's certificate must be one that the CA signed. */
  readonly verify: boolean;
}

/** A daemon's address, ready to connect to. `url` is what people see in messages. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly url: string; readonly path: string }
  | {
      readonly kind: 'tcp';
      readonly url: string;
      readonly hostname: string;
      readonly port: number;
      readonly tls?: TlsMaterial;
    };

export interface EndpointOptions {
  readonly host?: string;
  readonly tls?: boolean;
  readonly tlsVerify?: boolean;
  readonly tlsCaCert?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The flags win over `BARGE_HOST`, that over `DOCKER_HOST`, that over the default socket.
 * @throws BargeError invalid-parameter for an address of another form.
 */
export function resolveEndpoint(options: EndpointOptions, env: Environment): Endpoint {
  const url = options.host || env.BARGE_HOST || env.DOCKER_HOST || DEFAULT_HOST;
  const unix = /^(?:unix:\/\/)?(\/.*)$/.exec(url);
  if (unix?.[1]) return { kind: 'unix', url: `unix://${unix[1]}`, path: unix[1] };
  const tcp = /^(?:tcp|http|https):\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]+)(?::(\d{1,5}))?\/?$/.exec(url);
  if (!tcp?.[1]) {
    throw invalidParameter(`unable to parse docker host \`${url}\`: want unix:///path or tcp://host:port`);
  }
  const tls = url.startsWith('https:') ? readTls({ ...options, tls: true }, env) : readTls(options, env);
  const hostname = tcp[1].replace(/^\[|\]$/g, '');
  const port = tcp[2] ? Number(tcp[2]) : tls ? 2376 : 2375;
  return { kind: 'tcp', url, hostname, port, ...(tls ? { tls } : {}) };
}

function readTls(options: EndpointOptions, env: Environment): TlsMaterial | undefined {
  const verify = options.tlsVerify ?? Boolean(env.DOCKER_TLS_VERIFY);
  if (!verify && !options.tls && !env.DOCKER_TLS) return undefined;
  const folder = env.DOCKER_CERT_PATH || env.DOCKER_CONFIG || join(homedir(), '.docker');
  const ca = readMaterial(options.tlsCaCert, join(folder, 'ca.pem'), verify);
  const cert = readMaterial(options.tlsCert, join(folder, 'cert.pem'), false);
  const key = readMaterial(options.tlsKey, join(folder, 'key.pem'), false);
  return { verify, ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
}

/** A file named by a flag must be readable; the usual place may be empty unless the file is needed. */
function readMaterial(named: string | undefined, usual: string, needed: boolean): Buffer | undefined {
  const path = named || usual;
  try {
    return readFileSync(path);
  } catch (cause) {
    if (!named && !needed) return undefined;
    throw invalidParameter(`could not read the TLS file ${path}`, { cause });
  }
}
