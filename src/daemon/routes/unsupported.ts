import { notImplemented } from '../../core/errors.ts';
import type { Method } from '../../http/router.ts';
import type { Routes } from '../routes.ts';

/** Operations of the Engine API that this version does not have yet, and what people call them. */
const OPERATIONS: readonly (readonly [method: Method, path: string, name: string])[] = [
  ['POST', '/grpc', 'the BuildKit API (set DOCKER_BUILDKIT=0)'],
];

/** A clear answer instead of an unknown page. */
export function unsupportedRoutes(routes: Routes): void {
  for (const [method, path, name] of OPERATIONS) {
    routes.on(method, path, () => {
      throw notImplemented(`${name} is not supported by this version of Barge`);
    });
  }
}
