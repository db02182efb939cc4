import type { Readable } from 'node:stream';
import type { Platform } from '../../api/oci-image.ts';
import { applyChanges } from '../../builder/changes.ts';
import { invalidParameter, unavailable } from '../../core/errors.ts';
import type { Image } from '../../image/images.ts';
import { parsePlatform } from '../../image/platform.ts';
import type { OnProgress } from '../../image/progress.ts';
import { HttpTransport } from '../../image/remote/http-transport.ts';
import { followRedirects } from '../../image/remote/redirect.ts';
import type { ImageContext } from './context.ts';
import { importImage } from './import.ts';

/** An import request of the API. */
interface ImportRequest {
  /** `-`: the request's body; else the archive's URL. */
  readonly source: string;
  readonly name?: string;
  readonly message?: string;
  readonly platform?: string;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** @throws BargeError invalid-parameter for another operating system, whose images cannot run. */
function runnable(platform: Platform): Platform {
  if (platform.os === 'linux') return platform;
  throw invalidParameter(`operating system is not supported: ${platform.os}`);
}

/** @throws BargeError invalid-parameter, before anything is read; unavailable for a URL that cannot be read. */
export async function importRequested(
  ctx: ImageContext,
  body: () => Readable,
  request: ImportRequest,
): Promise<Image> {
  const { source, name, message, platform, signal } = request;
  const options = {
    ...(name ? { name } : {}),
    ...(platform ? { platform: runnable(parsePlatform(platform)) } : {}),
    message: message || `Imported from ${source}`,
    config: await applyChanges({}, request.changes),
    signal,
  };
  if (source === '-') return await importImage(ctx, body(), options);
  const url = URL.parse(source.includes('://') ? source : `http://${source}`);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw invalidParameter(`cannot import from "${source}": want an http or https address, or -`);
  }
  request.onProgress({ status: `Downloading from ${url.href}` });
  using transport = new HttpTransport({
    verifyTls: true,
    ca: [],
    userAgent: 'barge',
    proxyEnv: process.env,
  });
  return await importImage(ctx, await download(transport, url, signal), options);
}

async function download(transport: HttpTransport, url: URL, signal: AbortSignal): Promise<Readable> {
  const policy = { home: '', permitsPlain: true };
  const response = await followRedirects(transport, { method: 'GET', url, signal }, undefined, policy);
  if (response.status === 200) return response.body;
  response.body.destroy();
  throw unavailable(`failed to GET ${url.href}: the server responded with status ${response.status}`);
}
