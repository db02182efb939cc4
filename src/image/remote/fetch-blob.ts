import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import type { Descriptor } from '../../api/oci-image.ts';
import { algorithmOf, Digester } from '../../core/digest.ts';
import { BargeError, cancelled, dataLoss } from '../../core/errors.ts';
import { failsElsewhere } from '../../core/streams.ts';
import { networkFailure, requestName, TransientFailure } from './failure.ts';
import type { HttpResponse } from './http-transport.ts';
import { pathOf, type RepositoryContext, scopesFor, subjectOf } from './repository-context.ts';
import { responseFailure } from './response-failure.ts';
import { Retries } from './retry.ts';

const BUFFER_SIZE = 256 * 1024;
/** Bytes of progress after which earlier failures no longer count. */
const HEADWAY = 1024 * 1024;

type BlobDescriptor = Pick<Descriptor, 'digest' | 'size'>;

/**
 * A blob as a stream that is verified as it is read: it ends only when size and digest match, and fails
 * with a BargeError otherwise. It resumes after a broken connection. Destroying it ends the
 * download. Resolves with the first response.
 * @throws BargeError not-found, unauthorized, unavailable, data-loss, cancelled.
 */
export async function fetchBlob(
  context: RepositoryContext,
  blob: BlobDescriptor,
  ...signals: readonly AbortSignal[]
): Promise<Readable> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([
    stopped.signal,
    ...signals,
    ...(context.options.signal ? [context.options.signal] : []),
  ]);
  const download = new Download(context, blob, signal);
  const first = await download.open();
  const output = failsElsewhere(new PassThrough({ highWaterMark: BUFFER_SIZE }));
  output.once('close', () => stopped.abort());
  void pump(download.pieces(first), output, signal);
  return output;
}

async function pump(
  pieces: AsyncIterable<Uint8Array>,
  output: PassThrough,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const piece of pieces) {
      if (!output.write(piece)) await once(output, 'drain', { signal });
    }
    output.end();
  } catch (error) {
    output.destroy(error instanceof BargeError ? error : cancelled('context canceled', { cause: error }));
  }
}

class Download {
  readonly #context: RepositoryContext;
  readonly #blob: BlobDescriptor;
  readonly #signal: AbortSignal;
  readonly #retries: Retries;
  readonly #digester: Digester;
  #forgivenAt = HEADWAY;

  constructor(context: RepositoryContext, blob: BlobDescriptor, signal: AbortSignal) {
    this.#context = context;
    this.#blob = blob;
    this.#signal = signal;
    this.#retries = new Retries({ ...context.options, signal });
    this.#digester = new Digester(algorithmOf(blob.digest));
  }

  /** A response that continues at the first missing byte, or starts from the beginning. */
  async open(): Promise<HttpResponse> {
    for (;;) {
      try {
        return await this.#request();
      } catch (error) {
        await this.#retries.pauseAfter(error);
      }
    }
  }

  async *pieces(first: HttpResponse): AsyncGenerator<Uint8Array> {
    for (let response = first; ; response = await this.open()) {
      try {
        yield* this.#read(response);
        if (this.#digester.size >= this.#blob.size) break;
        throw new TransientFailure(`${nameOf(response)}: unexpected EOF`);
      } catch (error) {
        response.body.destroy();
        await this.#retries.pauseAfter(networkFailure('GET', response.request.url, error));
      }
    }
    const actual = this.#digester.digest();
    if (actual === this.#blob.digest) return;
    throw dataLoss(`filesystem layer verification failed for digest ${this.#blob.digest}: got ${actual}`);
  }

  async *#read(response: HttpResponse): AsyncGenerator<Uint8Array> {
    let skip = response.status === 206 ? 0 : this.#digester.size;
    for await (const piece of response.body as AsyncIterable<Uint8Array>) {
      const fresh = piece.subarray(skip);
      skip -= piece.byteLength - fresh.byteLength;
      if (fresh.byteLength === 0) continue;
      this.#digester.update(fresh);
      this.#requireFits();
      if (this.#digester.size >= this.#forgivenAt) {
        this.#forgivenAt = this.#digester.size + HEADWAY;
        this.#retries.reset();
      }
      yield fresh;
    }
  }

  #requireFits(): void {
    if (this.#digester.size <= this.#blob.size) return;
    throw dataLoss(`${this.#blob.digest} has more than the ${this.#blob.size} bytes in its descriptor`);
  }

  async #request(): Promise<HttpResponse> {
    const { digest } = this.#blob;
    const offset = this.#digester.size;
    const response = await this.#context.session.send({
      method: 'GET',
      url: pathOf(this.#context, `blobs/${digest}`),
      headers: offset > 0 ? { Range: `bytes=${offset}-` } : {},
      scopes: scopesFor(this.#context, 'pull'),
      signal: this.#signal,
    });
    if (response.status === 206 && startOf(response) !== offset) {
      response.body.destroy();
      throw dataLoss(`${nameOf(response)}: the registry sent a different range from the one requested`);
    }
    if (response.status === 200 || response.status === 206) return response;
    throw await responseFailure(response, subjectOf(this.#context, 'pull'));
  }
}

const nameOf = ({ request }: HttpResponse): string => requestName(request.method, request.url);

function startOf({ headers }: HttpResponse): number {
  return Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? Number.NaN);
}
