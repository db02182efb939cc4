import { Readable } from 'node:stream';
import type { Descriptor } from '../../api/oci-image.ts';
import { dataLoss, unavailable } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';
import { requestName, TransientFailure } from './failure.ts';
import type { HttpResponse } from './http-transport.ts';
import { readBody } from './read-body.ts';
import { pathOf, type RepositoryContext, scopesFor, subjectOf } from './repository-context.ts';
import { responseFailure } from './response-failure.ts';
import { withRetries } from './retry.ts';

/** Milliseconds that a registry may take to hash and store a large blob. */
const FINISH_TIMEOUT = 15 * 60_000;
const MAX_RESPONSE_SIZE = 64 * 1024;

type BlobDescriptor = Pick<Descriptor, 'digest' | 'size'>;

/** A blob upload to a repository in chunks (distribution spec, "Pushing a blob in chunks"). */
export class ResumableUpload {
  readonly #context: RepositoryContext;
  readonly #blob: BlobDescriptor;
  readonly #open: () => Readable;
  /** Bytes that the registry has. */
  #offset = 0;
  #sourceFailure: { readonly error: unknown } | undefined;

  constructor(context: RepositoryContext, blob: BlobDescriptor, open: () => Readable) {
    this.#context = context;
    this.#blob = blob;
    this.#open = open;
  }

  /** Bytes that the registry is known to have. */
  get held(): number {
    return this.#offset;
  }

  /** @returns the location to send the bytes to, unless the blob was mounted. */
  async start(mountFrom?: string): Promise<URL | 'mounted'> {
    const query = mountFrom ? `?${new URLSearchParams({ mount: this.#blob.digest, from: mountFrom })}` : '';
    const extra = mountFrom ? [`repository:${mountFrom}:pull`] : [];
    const response = await withRetries(this.#context.options, async () => {
      const path = pathOf(this.#context, `blobs/uploads/${query}`);
      const answer = await this.#request('POST', path, extra);
      return this.#expect(answer, mountFrom ? [201, 202] : [202]);
    });
    this.#offset = 0;
    return response.status === 201 ? 'mounted' : locationOf(response);
  }

  /** Sends the missing bytes, then completes the upload, which the registry verifies. */
  async send(location: URL): Promise<void> {
    const next = this.#offset < this.#blob.size ? await this.#sendBytes(location) : location;
    next.searchParams.set('digest', this.#blob.digest);
    const response = await this.#context.session.send({
      method: 'PUT',
      url: next,
      headers: { 'Content-Length': '0', 'Content-Type': 'application/octet-stream' },
      scopes: scopesFor(this.#context, 'push'),
      idleTimeout: FINISH_TIMEOUT,
    });
    await this.#expect(response, [201, 204]);
  }

  /** After a broken connection, asks for the offset. An upload that the registry has lost starts again. */
  async resume(location: URL): Promise<URL> {
    const response = await withRetries(this.#context.options, () => this.#request('GET', location));
    response.body.resume();
    const held = heldBytes(response);
    if (response.status !== 204 || held === undefined || held > this.#blob.size) {
      const anew = await this.start();
      if (anew === 'mounted') throw unavailable('the registry mounted a blob without a request');
      return anew;
    }
    this.#offset = held;
    return response.headers.location ? locationOf(response) : location;
  }

  async #sendBytes(location: URL): Promise<URL> {
    const { size } = this.#blob;
    const range = this.#offset > 0 ? { 'Content-Range': `${this.#offset}-${size - 1}` } : {};
    const response = await this.#context.session
      .send({
        method: 'PATCH',
        url: location,
        headers: {
          'Content-Type': 'application/octet-stream',
          'Content-Length': String(size - this.#offset),
          ...range,
        },
        body: () => failsElsewhere(Readable.from(this.#rest(), { objectMode: false })),
        scopes: scopesFor(this.#context, 'push'),
      })
      .catch((error: unknown) => {
        throw this.#sourceFailure ? this.#sourceFailure.error : error;
      });
    if (response.status === 404 || response.status === 416) {
      const { message } = await responseFailure(response, subjectOf(this.#context, 'push'));
      throw new TransientFailure(message);
    }
    await this.#expect(response, [202]);
    this.#offset = size;
    return locationOf(response);
  }

  /** The blob from the offset on; a source of the wrong length fails. */
  async *#rest(): AsyncGenerator<Uint8Array> {
    let skip = this.#offset;
    let seen = 0;
    const source = this.#open();
    source.once('error', (error) => this.#failSource(error));
    for await (const piece of source as AsyncIterable<Uint8Array>) {
      seen += piece.byteLength;
      if (seen > this.#blob.size) break;
      const fresh = piece.subarray(skip);
      skip -= piece.byteLength - fresh.byteLength;
      if (fresh.byteLength > 0) yield fresh;
    }
    if (seen === this.#blob.size) return;
    throw this.#failSource(
      dataLoss(`the source of ${this.#blob.digest} does not have its ${this.#blob.size} bytes`),
    );
  }

  /** Stores the failure, to distinguish it from one of the connection. */
  #failSource(error: Error): Error {
    this.#sourceFailure ??= { error };
    return error;
  }

  #request(method: string, url: string | URL, extraScopes: readonly string[] = []) {
    const scopes = [...scopesFor(this.#context, 'push'), ...extraScopes];
    return this.#context.session.send({ method, url, scopes });
  }

  async #expect(response: HttpResponse, statuses: readonly number[]): Promise<HttpResponse> {
    if (!statuses.includes(response.status)) {
      throw await responseFailure(response, subjectOf(this.#context, 'push'));
    }
    await readBody(response, MAX_RESPONSE_SIZE);
    return response;
  }
}

/** Relative ones are relative to the request (RFC 9110 section 10.2.2). */
function locationOf({ headers, request }: HttpResponse): URL {
  const location = headers.location === undefined ? null : URL.parse(headers.location, request.url.href);
  if (location) return location;
  throw unavailable(`${requestName(request.method, request.url)}: no valid Location in the response`);
}

/**
 * Received bytes of an upload, from the `Range: 0-<last>` of its status. Undefined for `0-0`, too: registries
 * send it for empty uploads as well as for those with one byte.
 */
function heldBytes({ headers }: HttpResponse): number | undefined {
  const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(String(headers.range ?? ''))?.[1] ?? 0);
  return last === 0 ? undefined : last + 1;
}
