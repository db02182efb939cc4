import { invalidParameter } from '../../core/errors.ts';
import { decode } from './decode.ts';
import { parseExactJson } from './json.ts';
import type { Schema } from './schema.ts';

const MAX_JSON = 8 << 20;

/** The part of an HTTP message that matters here. */
interface Headed {
  readonly headers: {
    readonly 'content-type'?: string | undefined;
    readonly 'transfer-encoding'?: string | undefined;
  };
}

interface BodyOptions {
  /** Refuse a request without a body; otherwise its absence means that no member is set. */
  readonly needed?: boolean;
}

/**
 * Reads the body of a request by its schema.
 * @throws BargeError invalid-parameter for a body that the schema refuses, that is not declared as JSON, or that is
 *   missing although its headers announce it.
 */
export async function readBody<T>(
  request: AsyncIterable<Buffer> & Headed,
  schema: Schema<T>,
  { needed = false }: BodyOptions = {},
): Promise<T> {
  const bytes = await bytesOf(request);
  const { 'content-type': type = '', 'transfer-encoding': encoding } = request.headers;
  if (bytes.length > 0) assertJsonType(type);
  const text = bytes.toString();
  if (text.trim() === '') {
    /* The headers announced a body of unknown length, and it is empty. */
    if (needed || bytes.length > 0 || encoding !== undefined) {
      throw invalidParameter('invalid JSON: got EOF while reading request body');
    }
    return decode(schema, undefined);
  }
  return decode(schema, parseExactJson(text));
}

async function bytesOf(request: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_JSON) throw invalidParameter(`the request's body is larger than ${MAX_JSON} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** @throws BargeError invalid-parameter unless the media type is JSON's, with any parameters. */
function assertJsonType(header: string): void {
  const type = header.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  const problem = type ? 'unsupported' : 'malformed';
  throw invalidParameter(`${problem} Content-Type header (${header}): must be 'application/json'`);
}
