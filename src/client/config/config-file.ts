import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, invalidParameter } from '../../core/errors.ts';

/** Docker Hub's key in `auths`, unchanged since its first API. */
export const HUB_KEY = 'https://index.docker.io/v1/';

export interface StoredAuth {
  /** Base64 of `user:password`. */
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

export interface ProxyConfig {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly ftpProxy?: string;
  readonly noProxy?: string;
  readonly allProxy?: string;
}

/** Docker's `config.json`, as far as the client reads it; unknown members are preserved. */
export interface ConfigFile {
  readonly auths?: Readonly<Record<string, StoredAuth>>;
  /** Suffix of the `docker-credential-*` program that stores every login. */
  readonly credsStore?: string;
  /** The same, by registry. */
  readonly credHelpers?: Readonly<Record<string, string>>;
  /** The context to use when neither flags nor environment name one. */
  readonly currentContext?: string;
  /** Keys that detach, for every command without `--detach-keys`. */
  readonly detachKeys?: string;
  /** Sent with every request to the daemon. */
  readonly HttpHeaders?: Readonly<Record<string, string>>;
  /** Proxies for containers and builds, by the daemon's address or `default`. */
  readonly proxies?: Readonly<Record<string, ProxyConfig>>;
  /** Aliases of commands, with the command line that each expands to. */
  readonly aliases?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

export const pathIn = (directory: string) => join(directory, 'config.json');

/** The configuration in `directory`, empty when there is none. @throws BargeError when it is not a JSON object. */
export function readConfig(directory: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(pathIn(directory), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return {};
    throw error;
  }
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidParameter(`${pathIn(directory)} is not JSON: correct or remove it`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidParameter(`${pathIn(directory)} does not contain an object: correct or remove it`);
  }
  return value as ConfigFile;
}

/** The headers that the configuration adds to requests. @throws BargeError for an invalid header. */
export function configuredHeaders({ HttpHeaders = {} }: ConfigFile): Readonly<Record<string, string>> {
  const headers = Object.entries(HttpHeaders).filter(([name]) => name.toLowerCase() !== 'user-agent');
  for (const [name, value] of headers) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw invalidParameter(`HttpHeaders in config.json: "${name}" is not a header`);
    }
  }
  return Object.fromEntries(headers);
}
