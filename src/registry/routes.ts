import { type Method, type Route, Router } from '../http/router.ts';
import type { RouteNeed } from './auth/access.ts';
import type { AccountAccess } from './auth/account-access.ts';
import { appendUpload } from './distribution/append-upload.ts';
import { cancelUpload } from './distribution/cancel-upload.ts';
import { catalog } from './distribution/catalog.ts';
import { deleteBlob } from './distribution/delete-blob.ts';
import { deleteManifest } from './distribution/delete-manifest.ts';
import { finishUpload } from './distribution/finish-upload.ts';
import { getBlob } from './distribution/get-blob.ts';
import { getManifest } from './distribution/get-manifest.ts';
import { listReferrers } from './distribution/list-referrers.ts';
import { listTags } from './distribution/list-tags.ts';
import { ping } from './distribution/ping.ts';
import { putManifest } from './distribution/put-manifest.ts';
import { startUpload } from './distribution/start-upload.ts';
import { tokenRoute } from './distribution/token.ts';
import { uploadStatus } from './distribution/upload-status.ts';
import type { Handler } from './exchange.ts';
import { apiRoutes } from './management/routes.ts';
import type { PullThrough } from './proxy/pull-through.ts';
import { proxiedBlob, proxiedManifest, proxiedReferrers, proxiedTags, refused } from './proxy/routes.ts';
import type { Rules } from './rules.ts';
import type { RegistryStorage } from './storage/storage.ts';

const TOKEN_PATH = '/token';

const BLOB = '/v2/{name...}/blobs/{digest}';
const UPLOADS = '/v2/{name...}/blobs/uploads';
const UPLOAD = '/v2/{name...}/blobs/uploads/{id}';
const MANIFEST = '/v2/{name...}/manifests/{reference}';
const TAGS = '/v2/{name...}/tags/list';
const REFERRERS = '/v2/{name...}/referrers/{digest}';

/** The dependencies of the endpoints. */
interface Served {
  readonly storage: RegistryStorage;
  /** Serves the tokens and the management API of a registry with accounts. */
  readonly accounts?: AccountAccess | undefined;
  readonly rules: Rules;
  readonly proxy?: PullThrough | undefined;
}

interface Endpoint {
  readonly handler: Handler;
  readonly needs: RouteNeed;
}

/** The endpoints of the distribution spec 1.1 ("Endpoints"), and `_catalog`; each declares what it requires of its visitor. */
export class RegistryRoutes {
  readonly #router = new Router<Endpoint>({ ignoreTrailingSlash: true });

  constructor({ storage, accounts, rules, proxy }: Served) {
    this.#on(['GET', 'HEAD'], '/v2', 'known', ping);
    this.#on(['GET'], '/v2/_catalog', 'catalog', catalog(storage));
    if (proxy) this.#copies(storage, proxy);
    else this.#content(storage, rules);
    if (accounts) {
      this.#on(['GET', 'POST'], TOKEN_PATH, 'self', tokenRoute(accounts));
      apiRoutes(accounts, storage, (method, path, handler) => this.#on([method], path, 'self', handler));
    }
  }

  #content(storage: RegistryStorage, rules: Rules): void {
    this.#on(['GET', 'HEAD'], MANIFEST, 'pull', getManifest(storage));
    this.#on(['PUT'], MANIFEST, 'push', putManifest(storage, rules));
    this.#on(['DELETE'], MANIFEST, 'delete', deleteManifest(storage, rules));
    this.#on(['GET', 'HEAD'], BLOB, 'pull', getBlob(storage.blobs));
    this.#on(['DELETE'], BLOB, 'delete', deleteBlob(storage.blobs));
    /* Uploads are visible only to visitors who may push; cancelling an upload is part of pushing. */
    this.#on(['POST'], UPLOADS, 'push', startUpload(storage, rules));
    this.#on(['GET'], UPLOAD, 'push', uploadStatus(storage.uploads));
    this.#on(['PATCH'], UPLOAD, 'push', appendUpload(storage.uploads, rules));
    this.#on(['PUT'], UPLOAD, 'push', finishUpload(storage.uploads, rules));
    this.#on(['DELETE'], UPLOAD, 'push', cancelUpload(storage.uploads));
    this.#on(['GET'], TAGS, 'pull', listTags(storage.tags));
    this.#on(['GET'], REFERRERS, 'pull', listReferrers(storage.referrers));
  }

  #copies(storage: RegistryStorage, proxy: PullThrough): void {
    this.#on(['GET', 'HEAD'], MANIFEST, 'pull', proxiedManifest(proxy, storage));
    this.#on(['GET', 'HEAD'], BLOB, 'pull', proxiedBlob(proxy));
    this.#on(['GET'], TAGS, 'pull', proxiedTags(proxy, storage));
    this.#on(['GET'], REFERRERS, 'pull', proxiedReferrers(proxy, listReferrers(storage.referrers)));
    this.#on(['PUT'], MANIFEST, 'push', refused(proxy));
    this.#on(['DELETE'], MANIFEST, 'delete', refused(proxy));
    this.#on(['DELETE'], BLOB, 'delete', refused(proxy));
    this.#on(['POST'], UPLOADS, 'push', refused(proxy));
    this.#on(['GET', 'PATCH', 'PUT', 'DELETE'], UPLOAD, 'push', refused(proxy));
  }

  /** All endpoints, in order of declaration. */
  get declared(): readonly Route<Endpoint>[] {
    return this.#router.declared;
  }

  /** @param path without the query. @throws BargeError invalid-parameter for a broken escape. */
  find(method: string, path: string) {
    return this.#router.find(method, path);
  }

  /** Methods that `path` responds to; none when it is not an endpoint. */
  methodsOf(path: string): Method[] {
    return this.#router.methodsOf(path);
  }

  #on(methods: readonly Method[], path: string, needs: RouteNeed, handler: Handler): void {
    this.#router.on(methods, path, { handler, needs });
  }
}
