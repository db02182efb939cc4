import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf, invalidParameter, messageOf } from '../../core/errors.ts';
import { type Flag, parseBoolean } from '../flag-types.ts';
import { type FlagValues, splitPair } from '../flags.ts';
import { parseAddress } from '../transport/endpoint.ts';
import type { ContextEndpoint, TlsFiles } from './store.ts';

export const ENDPOINT_FLAG = {
  name: 'docker',
  type: 'stringToString',
  description:
    'Daemon of the context: host=ADDRESS,ca=FILE,cert=FILE,key=FILE,skip-tls-verify=BOOL,from=CONTEXT',
} as const satisfies Flag;

export const DESCRIPTION_FLAG = {
  name: 'description',
  type: 'string',
  description: 'Description of the context',
} as const satisfies Flag;

const KEYS = ['host', 'ca', 'cert', 'key', 'skip-tls-verify', 'from'];

/** The fields of `--docker`. */
interface EndpointChoice {
  readonly endpoint: ContextEndpoint;
  readonly tls: TlsFiles;
  /** Context to copy the endpoint of. */
  readonly from?: string;
}

/** Reads `--docker host=…,ca=…`. @throws BargeError invalid-parameter in docker's words. */
export function readEndpointFlag(flags: FlagValues): EndpointChoice {
  const values = new Map(flags.list(ENDPOINT_FLAG.name).map(splitPair));
  try {
    return choiceOf(values);
  } catch (cause) {
    throw invalidParameter(`unable to create docker endpoint config: ${messageOf(cause)}`, { cause });
  }
}

function choiceOf(values: ReadonlyMap<string, string>): EndpointChoice {
  const unknown = [...values.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw invalidParameter(`unrecognized config key: ${unknown}`);
  const from = values.get('from');
  const host = values.get('host') ?? '';
  if (host !== '') checkAddress(host);
  const skip = readSkip(values.get('skip-tls-verify') ?? 'false');
  return {
    endpoint: { ...(host === '' ? {} : { Host: host }), SkipTLSVerify: skip },
    tls: readFiles(values),
    ...(from === undefined ? {} : { from }),
  };
}

function readSkip(text: string): boolean {
  try {
    return parseBoolean(text);
  } catch (cause) {
    throw invalidParameter(`skip-tls-verify: parsing "${text}": invalid syntax`, { cause });
  }
}

function checkAddress(host: string): void {
  try {
    parseAddress(host);
  } catch (cause) {
    throw invalidParameter(`unable to apply docker endpoint options: ${messageOf(cause)}`, { cause });
  }
}

function readFiles(values: ReadonlyMap<string, string>): TlsFiles {
  const names = ['ca', 'cert', 'key'] as const;
  const given = names.flatMap((name) => {
    const path = values.get(name);
    return path === undefined || path === '' ? [] : [[`${name}.pem`, readFile(path)] as const];
  });
  return Object.fromEntries(given);
}

/** Shells do not expand `~` after a comma. */
function readFile(path: string): Buffer {
  const home = process.env.HOME ?? '/root';
  try {
    return readFileSync(resolve(path.replace(/^~(?=\/)/, home)));
  } catch (cause) {
    const reason = errnoOf(cause) === 'ENOENT' ? 'no such file or directory' : messageOf(cause);
    throw invalidParameter(`open ${path}: ${reason}`, { cause });
  }
}
