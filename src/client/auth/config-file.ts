import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../../core/durable.ts';
import { errnoOf, invalidParameter } from '../../core/errors.ts';

/** Docker Hub's key in `auths`, kept from its first API. */
export const HUB_KEY = 'https://index.docker.io/v1/';

export interface StoredAuth {
  /** Base64 of `user:password`. */
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** Docker's `config.json`, as far as the client reads it; members it does not know are kept. */
export interface ConfigFile {
  readonly auths?: Readonly<Record<string, StoredAuth>>;
  /** Suffix of the `docker-credential-*` program that keeps every login. */
  readonly credsStore?: string;
  /** The same by registry. */
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly [member: string]: unknown;
}

const pathIn = (folder: string) => join(folder, 'config.json');

/** The configuration in `folder`, empty when there is none. @throws BargeError when it is not JSON. */
export async function readConfig(folder: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(pathIn(folder), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as ConfigFile;
  } catch (cause) {
    throw invalidParameter(`${pathIn(folder)} is not JSON`, { cause });
  }
}

/** Readable by the owner only: it holds passwords. */
export async function writeConfig(folder: string, config: ConfigFile): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeDurably(pathIn(folder), `${JSON.stringify(config, null, '\t')}\n`, 0o600);
}
