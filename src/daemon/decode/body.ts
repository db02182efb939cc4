import { invalidParameter } from '../../core/errors.ts';
import { decode } from './decode.ts';
import { parseExactJson } from './json.ts';
import type { Schema } from './schema.ts';

const MAX_JSON = 8 << 20;

/** What has headers of HTTP, of which only these matter here. */
interface Headed {
  readonly headers: {
    readonly 'content-type'?: string | undefined;
    readonly 'transfer-encoding'?: string | undefined;
  };
}

export interface BodyOptions {
  /** Without a body there is nothing to do; elsewhere its absence means that nothing is set. */
  readonly needed?: boolean;
}

/**
 * The body of a request, read by its schema.
 * @throws BargeError invalid-parameter for what the schema refuses, a body that is declared as something else than
 *   JSON, and one that ends before it begins.
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
    /* A body of unknown length was promised, and did not come. */
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

/** @throws BargeError invalid-parameter for another media type than JSON's, whatever its parameters. */
function assertJsonType(header: string): void {
  const type = header.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  const problem = type ? 'unsupported' : 'malformed';
  throw invalidParameter(`${problem} Content-Type header (${header}): must be 'application/json'`);
}
