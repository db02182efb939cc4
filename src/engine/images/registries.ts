import { readdir, readFile } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';
import { join } from 'node:path';
import type { AuthConfig } from '../../api/engine/system.ts';
import { errnoOf, invalidParameter } from '../../core/errors.ts';
import type { ClientCertificate, RemoteOptions } from '../../image/remote/remote-options.ts';
import type { RegistrySettings } from './context.ts';

/** Where certificates for registries are stored, in a directory `HOST[:PORT]` each. */
const CERTIFICATE_DIRECTORIES = ['/etc/barge/certs.d', '/etc/docker/certs.d'];

/** Connection settings for the registry of `domain`. @throws BargeError invalid-parameter: bad certificates. */
export async function remoteOptions(
  registries: RegistrySettings,
  domain: string,
  { auth, signal }: { readonly auth?: AuthConfig | undefined; readonly signal: AbortSignal },
): Promise<RemoteOptions> {
  return {
    auth,
    signal,
    insecure: isInsecure(registries.insecure, domain),
    ...(await certificatesFor(domain)),
    maxTries: registries.maxTries,
    userAgent: 'barge',
    proxyEnv: process.env,
  };
}

/** @param entries hosts with or without a port, or blocks of addresses such as `10.0.0.0/8`. */
export function isInsecure(entries: readonly string[], domain: string): boolean {
  if (entries.includes(domain)) return true;
  const host = domain.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const family = isIP(host);
  if (family === 0) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  return entries.some((entry) => {
    const [address = '', prefix] = entry.split('/');
    if (prefix === undefined || isIP(address) !== family) return false;
    const block = new BlockList();
    block.addSubnet(address, Number(prefix), type);
    return block.check(host, type);
  });
}

interface Certificates {
  readonly ca: readonly string[];
  readonly clientCertificates: readonly ClientCertificate[];
}

/** `*.crt`: authorities to trust; `*.cert` with its `*.key`: the client certificate. */
export async function certificatesFor(
  domain: string,
  directories: readonly string[] = CERTIFICATE_DIRECTORIES,
): Promise<Certificates> {
  const all = await Promise.all(directories.map((directory) => readCertificates(join(directory, domain))));
  return {
    ca: all.flatMap(({ ca }) => ca),
    clientCertificates: all.flatMap(({ clientCertificates }) => clientCertificates),
  };
}

async function readCertificates(directory: string): Promise<Certificates> {
  const names = await namesIn(directory);
  const read = (name: string) => readFile(join(directory, name), 'utf8');
  const pairs = names.filter((name) => name.endsWith('.cert'));
  for (const name of pairs) {
    const key = name.replace(/\.cert$/, '.key');
    if (names.includes(key)) continue;
    throw invalidParameter(
      `missing key ${key} for client certificate ${name} in ${directory}: certificates of authorities end in .crt`,
    );
  }
  return {
    ca: await Promise.all(names.filter((name) => name.endsWith('.crt')).map(read)),
    clientCertificates: await Promise.all(
      pairs.map(async (name) => ({
        cert: await read(name),
        key: await read(name.replace(/\.cert$/, '.key')),
      })),
    ),
  };
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
