import { parseArgs } from 'node:util';
import { invalidParameter } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';

const OPTIONS = {
  'data-root': { type: 'string' },
  storage: { type: 'string' },
  database: { type: 'string' },
  listen: { type: 'string' },
  htpasswd: { type: 'string' },
  accounts: { type: 'boolean' },
  'external-url': { type: 'string' },
  'trusted-proxies': { type: 'string' },
  webhook: { type: 'string' },
  'webhook-secret': { type: 'string' },
  'self-registration': { type: 'boolean' },
  admin: { type: 'boolean' },
  public: { type: 'boolean' },
  private: { type: 'boolean' },
  'immutable-tags': { type: 'boolean' },
  'mutable-tags': { type: 'boolean' },
  role: { type: 'string' },
  repositories: { type: 'string' },
  description: { type: 'string' },
  days: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'log-level': { type: 'string' },
  'metrics-listen': { type: 'string' },
  'gc-interval': { type: 'string' },
  'gc-grace': { type: 'string' },
  'gc-untagged': { type: 'string' },
  'max-blob-size': { type: 'string' },
  'upload-expiry': { type: 'string' },
  'drain-timeout': { type: 'string' },
  'rate-limit': { type: 'string' },
  retention: { type: 'string' },
  'scrub-interval': { type: 'string' },
  'scrub-rate': { type: 'string' },
  proxy: { type: 'string' },
  'proxy-user': { type: 'string' },
  'proxy-password-file': { type: 'string' },
  'proxy-ca': { type: 'string' },
  'proxy-fresh': { type: 'string' },
  'proxy-size': { type: 'string' },
  'proxy-age': { type: 'string' },
  'keep-last': { type: 'string' },
  'keep-days': { type: 'string' },
  tags: { type: 'string' },
  'keep-all': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  deep: { type: 'boolean' },
  repair: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

export type FlagName = keyof typeof OPTIONS;

/** The passed flags, among those that a command supports. */
export type FlagValues<Name extends FlagName = FlagName> = {
  readonly [name in Name]?: (typeof OPTIONS)[name]['type'] extends 'string' ? string : true;
};

export interface Flags {
  readonly values: FlagValues;
  readonly positionals: readonly string[];
}

/** Flags of every command that opens the store. */
export const STORE_FLAGS = ['data-root', 'storage', 'database'] as const satisfies readonly FlagName[];

/** @throws BargeError invalid-parameter for an unknown flag, with the nearest known one, and for a missing value. */
export function parseFlags(args: readonly string[]): Flags {
  const parsed = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue;
    if (!isName(token.name)) {
      const near = nearest(token.name, Object.keys(OPTIONS));
      throw invalidParameter(`unknown flag: ${token.rawName}${near ? ` (did you mean --${near}?)` : ''}`);
    }
    if (OPTIONS[token.name].type === 'string' && !token.value) {
      throw invalidParameter(`flag needs a value: ${token.rawName}`);
    }
    if (OPTIONS[token.name].type === 'boolean' && token.value !== undefined) {
      throw invalidParameter(`flag takes no value: ${token.rawName}`);
    }
  }
  return { values: parsed.values as Flags['values'], positionals: parsed.positionals };
}

const isName = (name: string): name is FlagName => Object.hasOwn(OPTIONS, name);

/**
 * The values of the flags that a command supports.
 * @param command the command's name in the error.
 * @throws BargeError invalid-parameter for a flag of another command.
 */
export function flagsOf<Name extends FlagName>(
  { values }: Flags,
  command: string,
  takes: readonly Name[],
): FlagValues<Name> {
  const stray = Object.keys(values).find((name) => !(takes as readonly string[]).includes(name));
  if (stray === undefined) return values;
  const list = takes.map((name) => `--${name}`).join(', ');
  throw invalidParameter(`${command} does not take --${stray}: it takes ${list || 'no flags'}`);
}
