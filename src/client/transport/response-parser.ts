import { dataLoss } from '../../core/errors.ts';

/** The largest accepted status line and headers. */
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_CHUNK_LINE = 1024;
const EMPTY = Buffer.alloc(0);

/** The offset of `mark`; undefined while it may still arrive within the limit, however the bytes are split. */
function endOf(data: Buffer, mark: string, limit: number): number | 'too-long' | undefined {
  const end = data.indexOf(mark);
  if (end > limit || (end === -1 && data.length >= limit + mark.length)) return 'too-long';
  return end === -1 ? undefined : end;
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names are in lower case; repeated headers are joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
}

interface ResponseEvents {
  head(head: ResponseHead): void;
  body(chunk: Buffer): void;
  /** The body is complete. */
  end(): void;
}

interface ParserOptions {
  readonly method: string;
  /** Hijacks the connection when the daemon agrees (101, or 200 from older daemons). */
  readonly hijack: boolean;
}

type State =
  | 'head'
  | 'sized'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'until-close'
  | 'raw'
  | 'done';

/**
 * An incremental parser of one HTTP/1.1 response (RFC 9112): content-length, chunked and close-delimited bodies;
 * informational responses are skipped. After a hijack `body` passes the stream's raw bytes.
 */
export class ResponseParser {
  readonly #events: ResponseEvents;
  readonly #options: ParserOptions;
  #state: State = 'head';
  #pending: Buffer = EMPTY;
  #left = 0;

  constructor(events: ResponseEvents, options: ParserOptions) {
    this.#events = events;
    this.#options = options;
  }

  /** @throws BargeError data-loss when the bytes are not an HTTP response. */
  push(data: Buffer): void {
    let rest = this.#pending.length === 0 ? data : Buffer.concat([this.#pending, data]);
    this.#pending = EMPTY;
    while (rest.length > 0 && this.#state !== 'done') {
      const after = this.#step(rest);
      if (after === undefined) {
        this.#pending = rest;
        return;
      }
      rest = after;
    }
  }

  /** The peer closed the connection. @throws BargeError data-loss when the response was cut short. */
  close(): void {
    if (this.#state === 'until-close') this.#finish();
    else if (this.#state !== 'done' && this.#state !== 'raw') {
      throw dataLoss(
        this.#state === 'head'
          ? 'the daemon closed the connection without a response'
          : 'the daemon closed the connection in the middle of its response',
      );
    }
  }

  /** Performs one step. @returns the remaining bytes, or undefined when it needs more. */
  #step(data: Buffer): Buffer | undefined {
    switch (this.#state) {
      case 'head':
        return this.#head(data);
      case 'sized':
      case 'chunk':
        return this.#counted(data);
      case 'chunk-size':
      case 'chunk-end':
      case 'trailer':
        return this.#line(data);
      default:
        this.#events.body(data);
        return EMPTY;
    }
  }

  #head(data: Buffer): Buffer | undefined {
    const end = endOf(data, '\r\n\r\n', MAX_HEAD_BYTES);
    if (end === 'too-long') throw dataLoss("the daemon's response headers are too long");
    if (end === undefined) return undefined;
    const head = parseHead(data.toString('latin1', 0, end));
    if (head.status >= 200 || (head.status === 101 && this.#options.hijack)) this.#begin(head);
    return data.subarray(end + 4);
  }

  #begin(head: ResponseHead): void {
    const { method, hijack } = this.#options;
    const bodyless = method === 'HEAD' || head.status === 204 || head.status === 304;
    if (hijack && (head.status === 101 || head.status === 200)) this.#state = 'raw';
    else if (bodyless) this.#state = 'done';
    else if (/\bchunked\b/i.test(head.headers.get('transfer-encoding') ?? '')) this.#state = 'chunk-size';
    else if (head.headers.has('content-length')) this.#sized(head.headers.get('content-length') ?? '');
    else this.#state = 'until-close';
    this.#events.head(head);
    if (this.#state === 'done') this.#events.end();
  }

  #sized(text: string): void {
    if (!/^\d+$/.test(text)) throw dataLoss(`the daemon sent the content length "${text}"`);
    this.#left = Number(text);
    this.#state = this.#left === 0 ? 'done' : 'sized';
  }

  #counted(data: Buffer): Buffer {
    const part = data.subarray(0, this.#left);
    this.#left -= part.length;
    this.#events.body(part);
    if (this.#left === 0) {
      if (this.#state === 'sized') this.#finish();
      else this.#state = 'chunk-end';
    }
    return data.subarray(part.length);
  }

  #line(data: Buffer): Buffer | undefined {
    const end = endOf(data, '\r\n', MAX_CHUNK_LINE);
    if (end === 'too-long') throw dataLoss('the daemon sent a malformed chunk');
    if (end === undefined) return undefined;
    const line = data.toString('latin1', 0, end);
    if (this.#state === 'chunk-end') this.#state = 'chunk-size';
    else if (this.#state === 'trailer') {
      if (line === '') this.#finish();
    } else this.#chunkSize(line);
    return data.subarray(end + 2);
  }

  #chunkSize(line: string): void {
    const size = /^([0-9a-fA-F]{1,12})(?:[ ;].*)?$/.exec(line)?.[1];
    if (size === undefined) throw dataLoss(`the daemon sent the chunk size "${line}"`);
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'chunk';
  }

  #finish(): void {
    this.#state = 'done';
    this.#events.end();
  }
}

function parseHead(text: string): ResponseHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine);
  if (!match) throw dataLoss('the response is not HTTP: is something else listening at that address?');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(match[1]), reason: match[2] ?? '', headers };
}
