import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { invalidParameter, messageOf } from '../../core/errors.ts';

/** Bytes; BuildKit's limit. */
const MAX_SECRET = 500 * 1024;

/** Reads `--secret id=ID[,src=FILE | ,env=VARIABLE]`. @throws BargeError invalid-parameter. */
export function readSecrets(texts: readonly string[]): Map<string, Uint8Array> {
  const secrets = new Map<string, Uint8Array>();
  for (const text of texts) {
    const fields = readFields(text, '--secret', ['id', 'src', 'source', 'env', 'type']);
    const id = fields.get('id') ?? '';
    if (id === '') throw invalidParameter(`invalid argument "${text}" for "--secret" flag: id is missing`);
    secrets.set(id, secretValue(id, fields));
  }
  return secrets;
}

function secretValue(id: string, fields: ReadonlyMap<string, string>): Uint8Array {
  const type = fields.get('type');
  if (type !== undefined && type !== 'file' && type !== 'env') {
    throw invalidParameter(`unsupported secret type "${type}": want file or env`);
  }
  const source = fields.get('src') ?? fields.get('source');
  const variable = fields.get('env') ?? (type === 'env' ? (source ?? id) : undefined);
  if (variable !== undefined) return fromVariable(id, variable);
  if (source === undefined && type !== 'file' && process.env[id] !== undefined) return fromVariable(id, id);
  return fromFile(id, source ?? id);
}

function fromVariable(id: string, variable: string): Uint8Array {
  const value = process.env[variable];
  if (value === undefined)
    throw invalidParameter(`secret ${id}: the environment variable ${variable} is not set`);
  return Buffer.from(value);
}

function fromFile(id: string, written: string): Uint8Array {
  const path = written.startsWith('~/') ? join(homedir(), written.slice(2)) : written;
  try {
    if (statSync(path).size > MAX_SECRET) {
      throw invalidParameter(`invalid secret size: at most ${MAX_SECRET} bytes`);
    }
    return readFileSync(path);
  } catch (cause) {
    throw invalidParameter(`secret ${id}: ${messageOf(cause)}`, { cause });
  }
}

/** Reads `--ssh default | ID[=SOCKET]`. @returns sockets by id. @throws BargeError invalid-parameter. */
export function readAgents(texts: readonly string[]): Map<string, string> {
  const agents = new Map<string, string>();
  for (const text of texts) {
    const [id = '', path = ''] = text.split(/=(.*)/s);
    const socket = path || process.env.SSH_AUTH_SOCK || '';
    if (id === '')
      throw invalidParameter(`invalid argument "${text}" for "--ssh" flag: want default or ID=SOCKET`);
    if (socket === '') {
      throw invalidParameter(
        '--ssh: SSH_AUTH_SOCK is not set: start an ssh agent (eval $(ssh-agent)), or name its socket',
      );
    }
    agents.set(id, checkedSocket(id, socket));
  }
  return agents;
}

function checkedSocket(id: string, path: string): string {
  let isSocket: boolean;
  try {
    isSocket = statSync(path).isSocket();
  } catch (cause) {
    throw invalidParameter(`--ssh ${id}: ${messageOf(cause)}`, { cause });
  }
  if (isSocket) return path;
  throw invalidParameter(`--ssh ${id}=${path}: not an agent's socket: add the key with ssh-add instead`);
}

/** `key=value,key=value`. @throws BargeError invalid-parameter naming the flag. */
export function readFields(
  given: string | readonly string[],
  flag: string,
  known: readonly string[],
): Map<string, string> {
  const fields = new Map<string, string>();
  const parts = typeof given === 'string' ? given.split(',') : given;
  const text = parts.join(',');
  for (const part of parts) {
    const [key = '', ...rest] = part.split('=');
    const wrong = (why: string) => invalidParameter(`invalid argument "${text}" for "${flag}" flag: ${why}`);
    if (rest.length === 0) throw wrong(`invalid field '${part}' must be a key=value pair`);
    if (!known.includes(key.toLowerCase())) throw wrong(`unexpected key '${key}'`);
    fields.set(key.toLowerCase(), rest.join('='));
  }
  return fields;
}
