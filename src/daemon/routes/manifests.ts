import type { Engine } from '../../engine/engine.ts';
import { type ManifestOptions, pushManifestList, readManifest } from '../../engine/images/manifest-lists.ts';
import { flag } from '../../http/query.ts';
import { registryAuth } from '../auth.ts';
import { readBody } from '../decode/body.ts';
import { MANIFEST_LIST } from '../decode/others.ts';
import type { ApiExchange, Routes } from '../routes.ts';

/** Additions of ours: manifests of registries, for `barge manifest`. */
export function manifestRoutes(routes: Routes, engine: Engine): void {
  routes.on('GET', '/barge/manifests/{name...}', async (exchange) => {
    const { params, response } = exchange;
    response.json(200, await readManifest(engine, params.name ?? '', optionsOf(exchange)));
  });
  routes.on('POST', '/barge/manifests/{name...}', async (exchange) => {
    const { params, request, response } = exchange;
    const list = await readBody(request, MANIFEST_LIST);
    response.json(201, await pushManifestList(engine, params.name ?? '', list, optionsOf(exchange)));
  });
}

function optionsOf({ query, request, signal }: ApiExchange): ManifestOptions {
  const auth = registryAuth(request.headers['x-registry-auth']);
  return { ...(auth ? { auth } : {}), insecure: flag(query, 'insecure'), signal };
}
