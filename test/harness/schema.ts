/**
 * Judges answers of the daemon by Docker's own description of the Engine API, where a copy of it lies beside the
 * checkout (`../shared/reference`). It is read once and kept as JSON, for it is long and there are many test files.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Ajv as AjvClass, ValidateFunction } from 'ajv';

const ROOT = join(import.meta.dirname, '../..');
const VERSION = 56;
const SOURCE = join(ROOT, `../shared/reference/engine-api-v1.${VERSION}.yaml`);
const CACHE = join(ROOT, `.cache/engine-api-v1.${VERSION}.json`);

/** Why answers are not judged here; false when they are. */
export const withoutReference: string | false = existsSync(SOURCE)
  ? false
  : `there is no ${SOURCE}: answers are not held against the API's schemas`;

/** JSON as it comes. */
// biome-ignore lint/suspicious/noExplicitAny: a schema is any JSON
type Json = any;

interface Operation {
  readonly path: RegExp;
  readonly name: string;
  readonly method: string;
  readonly responses: Readonly<Record<string, { readonly schema?: Json }>>;
}

export interface JudgedResponse {
  readonly method: string;
  /** With version and query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const load = createRequire(import.meta.url);
let judge: Judge | undefined;

/** What is wrong with an answer, in words; nothing when it is as the API has it, or cannot be judged. */
export function complaintsAbout(answer: JudgedResponse): string[] {
  if (withoutReference) return [];
  judge ??= new Judge(readSpecification());
  return judge.complaints(answer);
}

function readSpecification(): Json {
  if (existsSync(CACHE) && statSync(CACHE).mtimeMs > statSync(SOURCE).mtimeMs) {
    return JSON.parse(readFileSync(CACHE, 'utf8'));
  }
  const { parse } = load('yaml') as typeof import('yaml');
  const specification = parse(readFileSync(SOURCE, 'utf8'));
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const partial = `${CACHE}.${process.pid}.tmp`;
  writeFileSync(partial, JSON.stringify(specification));
  renameSync(partial, CACHE);
  return specification;
}

class Judge {
  readonly #operations: readonly Operation[];
  readonly #ajv: AjvClass;
  readonly #validators = new Map<object, ValidateFunction>();

  constructor(specification: Json) {
    const { Ajv } = load('ajv') as typeof import('ajv');
    this.#ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const definitions = lenient(specification.definitions);
    this.#ajv.addSchema({ $id: 'api', definitions });
    this.#operations = operationsOf(specification.paths);
  }

  complaints({ method, path, status, contentType, body }: JudgedResponse): string[] {
    const [, minor, bare = ''] = /^(?:\/v1\.(\d+))?(\/[^?]*)/.exec(path) ?? [];
    /* Older versions have other shapes, of which there is no description here. */
    if (minor !== undefined && Number(minor) < VERSION) return [];
    const what = `${method} ${path} (${status})`;
    const operation = this.#operations.find((o) => o.method === method && o.path.test(bare));
    if (!operation) return isUndescribed(bare) || status >= 400 ? [] : [`${what}: no such operation`];
    if (status >= 400) return this.#errorComplaints(what, body, method);
    const response = operation.responses[`${status}`];
    if (!response) {
      const known = Object.keys(operation.responses).join(', ');
      return status === 101 ? [] : [`${what}: only ${known} are answers of ${operation.name}`];
    }
    if (!response.schema || !/json/.test(contentType)) return [];
    return jsonDocuments(body).flatMap((value) => this.#check(what, response.schema, value));
  }

  /** Every error has the same body. */
  #errorComplaints(what: string, body: string, method: string): string[] {
    if (method === 'HEAD') return [];
    try {
      return typeof JSON.parse(body).message === 'string' ? [] : [`${what}: no message in ${body}`];
    } catch {
      return [`${what}: not JSON: ${body}`];
    }
  }

  #check(what: string, schema: Json, value: unknown): string[] {
    let validate = this.#validators.get(schema);
    if (!validate) {
      validate = this.#ajv.compile(lenient(schema));
      this.#validators.set(schema, validate);
    }
    if (validate(value)) return [];
    const errors = (validate.errors ?? []).filter(
      ({ instancePath, keyword }) => !(keyword === 'type' && isDockersNull(what, instancePath, value)),
    );
    return errors.map(({ instancePath, message, params }) => {
      const at = instancePath || 'the body';
      return `${what}: ${at} ${message} ${JSON.stringify(params)} but is ${JSON.stringify(valueAt(value, instancePath))?.slice(0, 200)}`;
    });
  }
}

/** Our extensions, and what Docker has without describing it. */
function isUndescribed(path: string): boolean {
  return path.startsWith('/barge/') || path === '/build/cancel';
}

/** Where Docker itself answers null, whatever its description says. */
const DOCKERS_NULLS: readonly (readonly [operation: RegExp, pointer: string])[] = [
  [/^GET \/(v1\.\d+\/)?exec\/[^/]+\/json/, '/ExitCode'],
];

function isDockersNull(what: string, pointer: string, value: Json): boolean {
  return (
    valueAt(value, pointer) === null &&
    DOCKERS_NULLS.some(([operation, at]) => operation.test(what) && at === pointer)
  );
}

function valueAt(value: Json, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], value);
}

function operationsOf(paths: Json): Operation[] {
  return Object.entries<Json>(paths).flatMap(([name, methods]) => {
    const source = name
      .replace(/[.+*?^$()|[\]\\]/g, '\\$&')
      .replace(/\{name\}/g, '.+')
      .replace(/\{\w+\}/g, '[^/]+');
    return Object.entries<Json>(methods).map(([method, { responses }]) => ({
      path: new RegExp(`^${source}$`),
      name,
      method: method.toUpperCase(),
      responses,
    }));
  });
}

/** One document, or lines of them, which may begin with a separator (RFC 7464). */
function jsonDocuments(body: string): unknown[] {
  try {
    return [JSON.parse(body)];
  } catch {
    return body
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line.replace(/^\x1e/, '')));
  }
}

/**
 * Swagger 2 as JSON Schema, with what Docker itself does added: lists and maps may be null, and so may whatever
 * `x-nullable` marks; an empty string is a value of every enumeration that has a default.
 */
function lenient(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(lenient);
  if (typeof schema !== 'object' || schema === null) return schema;
  if (typeof schema.$ref === 'string') {
    const target = { $ref: `api${schema.$ref.replace('#/', '#/')}` };
    return schema['x-nullable'] === false ? target : { anyOf: [target, { type: 'null' }] };
  }
  const out: Json = {};
  for (const [key, value] of Object.entries<Json>(schema)) {
    if (
      ['example', 'examples', 'description', 'format', 'default', 'title'].includes(key) &&
      !isProperty(value)
    )
      continue;
    if (key.startsWith('x-')) continue;
    out[key] = key === 'enum' || key === 'required' ? value : lenient(value);
  }
  const nullable = schema['x-nullable'] ?? ['array', 'object'].includes(schema.type);
  if (nullable && typeof schema.type === 'string') {
    out.type = [schema.type, 'null'];
    if (out.enum) out.enum = [...out.enum, null];
  }
  if (out.enum && !out.enum.includes('')) out.enum = [...out.enum, ''];
  return out;
}

/** A property may be called like a keyword. */
function isProperty(value: Json): boolean {
  return typeof value === 'object' && value !== null && ('type' in value || '$ref' in value);
}
