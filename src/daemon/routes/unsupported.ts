import { notImplemented } from '../../core/errors.ts';
import type { Router } from '../router.ts';

/** Operations of the Engine API that this version does not have yet, and what people call them. */
const OPERATIONS: readonly (readonly [method: string, path: string, name: string])[] = [
  ['POST', '/grpc', 'the BuildKit API (set DOCKER_BUILDKIT=0)'],
];

/** A clear answer instead of an unknown page. */
export function unsupportedRoutes(router: Router): void {
  for (const [method, path, name] of OPERATIONS) {
    router.on(method, path, () => {
      throw notImplemented(`${name} is not supported by this version of Barge`);
    });
  }
}
