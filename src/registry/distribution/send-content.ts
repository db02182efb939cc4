import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Digest } from '../../core/digest.ts';
import { systemError } from '../../core/errors.ts';
import type { Headers } from '../../http/response.ts';
import type { Exchange } from '../exchange.ts';
import type { ByteRange, WritePiece } from '../storage/storage.ts';
import { parseRange } from './byte-range.ts';

/** Content of a known digest, to be sent whole or in part. */
interface Content {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly mediaType: string;
  readonly cacheControl: string;
  read(range?: ByteRange): Readable;
  /** See `BlobStorage.pour`. */
  pour?(range: ByteRange | undefined, write: WritePiece): Promise<void> | undefined;
}

/** Responds to GET and HEAD, including conditional and range requests (RFC 9110 sections 13 and 14). */
export async function sendContent(exchange: Exchange, content: Content): Promise<void> {
  const { request, response } = exchange;
  const etag = `"${content.digest}"`;
  const headers: Headers = {
    'Docker-Content-Digest': content.digest,
    ETag: etag,
    'Accept-Ranges': 'bytes',
    'Cache-Control': content.cacheControl,
  };
  if (matches(request.headers['if-none-match'], etag)) {
    response.empty(304, headers);
    return;
  }
  const range = request.method === 'GET' ? rangeOf(exchange, content.size, etag) : undefined;
  if (range === 'unsatisfiable') {
    response.empty(416, { ...headers, 'Content-Range': `bytes */${content.size}` });
    return;
  }
  const body = response.body(range ? 206 : 200, {
    ...headers,
    'Content-Type': content.mediaType,
    'Content-Length': range ? range.end - range.start + 1 : content.size,
    ...(range ? { 'Content-Range': `bytes ${range.start}-${range.end}/${content.size}` } : {}),
  });
  if (request.method === 'HEAD' || content.size === 0) body.end();
  else await sendBytes(body, content, range);
}

async function sendBytes(response: ServerResponse, content: Content, range?: ByteRange): Promise<void> {
  const pouring = content.pour?.(range, (piece) => written(response, piece));
  if (!pouring) {
    await pipeline(content.read(range), response);
    return;
  }
  await pouring;
  response.end();
}

/** Resolves when the operating system has accepted the bytes; rejects when the client has disconnected. */
function written(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(systemError('the client disconnected'));
    if (response.destroyed) return gone();
    response.once('close', gone);
    response.write(piece, (error) => {
      response.off('close', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}

/** A range is honoured only if it was meant for the current content. */
function rangeOf(exchange: Exchange, size: number, etag: string): ByteRange | 'unsatisfiable' | undefined {
  const condition = exchange.request.headers['if-range'];
  if (condition !== undefined && condition !== etag) return undefined;
  return parseRange(exchange.request.headers.range, size);
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
