import { STATUS_CODES } from 'node:http';
import { BargeError, dataLoss, invalidParameter, notFound, unauthorized } from '../../core/errors.ts';
import { bearerChallenge } from './challenge.ts';
import { requestName, TransientFailure } from './failure.ts';
import type { HttpResponse } from './http-transport.ts';
import { discardBody, readBody } from './read-body.ts';

/** Maximum bytes to read of an error response. */
const MAX_ERROR_SIZE = 64 * 1024;
/** Milliseconds; a registry that requests a longer delay is not retried. */
const MAX_RETRY_AFTER = 60_000;

/** The subject of a rejected request, for the message. */
export interface Subject {
  /** The familiar form: `busybox`, `localhost:5000/app`. */
  readonly repository: string;
  /** The same with tag or digest, when a manifest was requested. */
  readonly image?: string;
  readonly action: 'pull' | 'push';
}

/** First error of a response in the format of the distribution spec ("Error Codes"). */
interface RemoteError {
  /** Lower case with spaces: `manifest unknown`. */
  readonly code: string;
  readonly message: string;
}

/** Turns an unsuccessful response into an error in Docker's words. */
export async function responseFailure(response: HttpResponse, subject: Subject): Promise<BargeError> {
  const { status } = response;
  const error = deniedByScope(response) ?? (await remoteErrorOf(response)) ?? usualError(status);
  const words = error ? `${error.code}: ${error.message}` : unexpectedStatus(status);
  if (status === 429 || status >= 500) {
    const retryAfter = retryAfterOf(response);
    return new TransientFailure(words, { retryAfter });
  }
  if (error?.code === 'digest invalid') return dataLoss(words);
  if (error?.code === 'denied' || status === 403) return accessDenied(subject, words);
  if (error?.code === 'unauthorized' || status === 401) return unauthorized(words);
  if (status === 404) return missing(subject, words, error?.code);
  const name = requestName(response.request.method, response.request.url);
  return error ? invalidParameter(words) : new BargeError('unavailable', `${name}: ${words}`);
}

/** The first error in a response's body, in any format that registries and token servers use. */
export async function remoteErrorOf(response: HttpResponse): Promise<RemoteError | undefined> {
  if (response.request.method === 'HEAD') {
    discardBody(response);
    return undefined;
  }
  const body = await readBody(response, MAX_ERROR_SIZE).catch(() => Buffer.alloc(0));
  return parseRemoteError(body.toString('utf8'), response.status);
}

function parseRemoteError(text: string, status: number): RemoteError | undefined {
  try {
    const body = JSON.parse(text) as {
      errors?: { code?: unknown; message?: unknown }[];
      details?: unknown;
      error_description?: unknown;
    };
    const first = Array.isArray(body.errors) ? body.errors[0] : undefined;
    if (typeof first?.code === 'string') {
      const code = first.code.toLowerCase().replaceAll('_', ' ');
      return { code, message: typeof first.message === 'string' ? first.message : code };
    }
    const message = body.details ?? body.error_description;
    return typeof message === 'string' && status === 401 ? { code: 'unauthorized', message } : undefined;
  } catch {
    return undefined;
  }
}

/** A valid token that does not cover the repository (RFC 6750 section 3.1). */
function deniedByScope({ status, headers, body }: HttpResponse): RemoteError | undefined {
  const challenge = status === 401 ? bearerChallenge(headers['www-authenticate']) : undefined;
  if (challenge?.parameters.error?.toLowerCase() !== 'insufficient_scope') return undefined;
  body.resume();
  return { code: 'denied', message: 'requested access to the resource is denied' };
}

/** For responses without a body, such as those to HEAD. */
function usualError(status: number): RemoteError | undefined {
  if (status === 401) return { code: 'unauthorized', message: 'authentication required' };
  if (status === 403) return { code: 'denied', message: 'requested access to the resource is denied' };
  if (status === 429) return { code: 'toomanyrequests', message: 'too many requests' };
  return undefined;
}

function accessDenied({ action, repository }: Subject, words: string): BargeError {
  if (action === 'push') return new BargeError('forbidden', words);
  return notFound(
    `pull access denied for ${repository}, repository does not exist or may require 'docker login': ${words}`,
  );
}

function missing({ repository, image }: Subject, words: string, code: string | undefined): BargeError {
  if (code === 'name unknown') return notFound(`repository ${repository} not found: ${words}`);
  if (image === undefined) return notFound(words);
  const known = code === undefined ? 'manifest unknown: manifest unknown' : words;
  return notFound(`manifest for ${image} not found: ${known}`);
}

const unexpectedStatus = (status: number) =>
  `received unexpected HTTP status: ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();

function retryAfterOf({ headers }: HttpResponse): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return wait >= 0 && wait <= MAX_RETRY_AFTER ? wait : undefined;
}
