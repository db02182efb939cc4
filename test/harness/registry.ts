import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type RegistryProcess,
  runRegistry,
  spawnRegistry,
} from '../../src/registry/testing/registry-process.ts';

export interface TestRegistry extends RegistryProcess {
  /** `127.0.0.1:PORT`, the first part of image names. */
  readonly host: string;
}

export interface RegistryOptions {
  readonly port?: number;
  /** Passwords of an htpasswd file. */
  readonly users?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** Starts a registry whose data lies in `directory`; on `port` when it has to be found where it was. */
export async function startRegistry(
  directory: string,
  { port = 0, users = {}, flags = [] }: RegistryOptions = {},
): Promise<TestRegistry> {
  mkdirSync(directory, { recursive: true });
  const args = ['--data-root', join(directory, 'data'), '--listen', `127.0.0.1:${port}`, ...flags];
  const file = join(directory, 'htpasswd');
  for (const [user, password] of Object.entries(users)) {
    const { code, stderr } = await runRegistry(['htpasswd', file, user], password);
    if (code !== 0) throw new Error(`making a user failed: ${stderr}`);
  }
  if (Object.keys(users).length > 0) args.push('--htpasswd', file);
  const registry = await spawnRegistry(args);
  return {
    ...registry,
    host: new URL(registry.url).host,
    [Symbol.asyncDispose]: registry[Symbol.asyncDispose],
  };
}
