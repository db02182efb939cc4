import FindMyWay from 'find-my-way';
import { apiRoutes } from './api/routes.ts';
import type { AccessControl } from './auth/access.ts';
import { AccountAccess } from './auth/account-access.ts';
import type { Handler, Method } from './http/exchange.ts';
import { appendUpload } from './routes/append-upload.ts';
import { cancelUpload } from './routes/cancel-upload.ts';
import { catalog } from './routes/catalog.ts';
import { deleteBlob } from './routes/delete-blob.ts';
import { deleteManifest } from './routes/delete-manifest.ts';
import { finishUpload } from './routes/finish-upload.ts';
import { getBlob } from './routes/get-blob.ts';
import { getManifest } from './routes/get-manifest.ts';
import { listReferrers } from './routes/list-referrers.ts';
import { listTags } from './routes/list-tags.ts';
import { ping } from './routes/ping.ts';
import { putManifest } from './routes/put-manifest.ts';
import { startUpload } from './routes/start-upload.ts';
import { tokenRoute } from './routes/token.ts';
import { uploadStatus } from './routes/upload-status.ts';
import type { Rules } from './rules.ts';
import type { RegistryStorage } from './storage/storage.ts';

const TOKEN_PATH = '/token';
const METHODS: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Longer than any valid name or digest, so that these reach the check that explains what is wrong. */
const MAX_PARAMETER_LENGTH = 4096;

export interface Match {
  readonly handler: Handler;
  readonly params: Readonly<Record<string, string | undefined>>;
  /** Decides for itself who may come in. */
  readonly isOpen: boolean;
}

/** The endpoints of the distribution spec 1.1 ("Endpoints"), and `_catalog`. */
export class Router {
  readonly #routes = FindMyWay({ ignoreTrailingSlash: true, maxParamLength: MAX_PARAMETER_LENGTH });

  constructor(storage: RegistryStorage, access: AccessControl | undefined, rules: Rules) {
    const blob = '/v2/:name/blobs/:digest';
    const uploads = '/v2/:name/blobs/uploads';
    const upload = '/v2/:name/blobs/uploads/:id';
    const manifest = '/v2/:name/manifests/:reference';
    this.#on(['GET', 'HEAD'], '/v2', ping);
    this.#on(['GET'], '/v2/_catalog', catalog(storage));
    this.#on(['GET', 'HEAD'], manifest, getManifest(storage));
    this.#on(['PUT'], manifest, putManifest(storage, rules));
    this.#on(['DELETE'], manifest, deleteManifest(storage, rules));
    this.#on(['GET', 'HEAD'], blob, getBlob(storage.blobs));
    this.#on(['DELETE'], blob, deleteBlob(storage.blobs));
    this.#on(['POST'], uploads, startUpload(storage, rules));
    this.#on(['GET'], upload, uploadStatus(storage.uploads));
    this.#on(['PATCH'], upload, appendUpload(storage.uploads, rules));
    this.#on(['PUT'], upload, finishUpload(storage.uploads, rules));
    this.#on(['DELETE'], upload, cancelUpload(storage.uploads));
    this.#on(['GET'], '/v2/:name/tags/list', listTags(storage.tags));
    this.#on(['GET'], '/v2/:name/referrers/:digest', listReferrers(storage.referrers));
    if (access instanceof AccountAccess) {
      this.#on(['GET', 'POST'], TOKEN_PATH, tokenRoute(access));
      apiRoutes(access, storage, (methods, path, handler) => this.#on(methods, path, handler));
    }
  }

  /** @param path without the query. */
  find(method: string, path: string): Match | undefined {
    const found = this.#routes.find(method as Method, withNameAsOnePart(path));
    if (!found) return undefined;
    const isOpen = path === TOKEN_PATH || path.startsWith('/api/');
    return { handler: found.store as Handler, params: found.params, isOpen };
  }

  /** Methods that `path` answers to; none when it is no endpoint. */
  methodsOf(path: string): Method[] {
    return METHODS.filter((method) => this.find(method, path) !== undefined);
  }

  #on(methods: Method[], path: string, handler: Handler): void {
    this.#routes.on(methods, path, () => {}, handler);
  }
}

const NAMED =
  /^\/v2\/(.+)\/(manifests\/[^/]+|blobs\/uploads(?:\/[^/]*)?|blobs\/[^/]+|tags\/list|referrers\/[^/]+)$/;

/** Repository names hold slashes, parameters of the router do not: the name is encoded into one part. */
function withNameAsOnePart(path: string): string {
  const [, name, rest] = NAMED.exec(path) ?? [];
  return name === undefined ? path : `/v2/${encodeURIComponent(name)}/${rest}`;
}
