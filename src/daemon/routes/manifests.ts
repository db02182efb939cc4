import type { Engine } from '../../engine/engine.ts';
import { type ManifestOptions, pushManifestList, readManifest } from '../../engine/images/manifest-lists.ts';
import { registryAuth } from '../auth.ts';
import { readBody } from '../decode/body.ts';
import { MANIFEST_LIST } from '../decode/others.ts';
import { type Exchange, flag } from '../http.ts';
import type { Router } from '../router.ts';

/** Additions of ours: manifests of registries, for `barge manifest`. */
export function manifestRoutes(router: Router, engine: Engine): void {
  router.on('GET', '/barge/manifests/{name...}', async (exchange) => {
    const { params, response } = exchange;
    response.json(200, await readManifest(engine, params.name ?? '', optionsOf(exchange)));
  });
  router.on('POST', '/barge/manifests/{name...}', async (exchange) => {
    const { params, request, response } = exchange;
    const list = await readBody(request, MANIFEST_LIST);
    response.json(201, await pushManifestList(engine, params.name ?? '', list, optionsOf(exchange)));
  });
}

function optionsOf({ query, request, signal }: Exchange): ManifestOptions {
  const auth = registryAuth(request.headers['x-registry-auth']);
  return { ...(auth ? { auth } : {}), insecure: flag(query, 'insecure'), signal };
}
