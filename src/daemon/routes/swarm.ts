import { invalidParameter, notFound, unavailable } from '../../core/errors.ts';
import type { Method } from '../../http/router.ts';
import { readBody } from '../decode/body.ts';
import { anything } from '../decode/schema.ts';
import type { Routes } from '../routes.ts';

/** What Docker answers on a machine that is in no swarm and has no plugins: clients look at status and words. */

const USE_INIT =
  'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const NO_MANAGER = `This node is not a swarm manager. ${USE_INIT}`;

/** Everything that only a manager can answer. */
const MANAGER_OPERATIONS: readonly (readonly [method: Method, path: string])[] = [
  ['GET', '/swarm'],
  ['POST', '/swarm/update'],
  ['GET', '/swarm/unlockkey'],
  ['GET', '/nodes'],
  ['GET', '/nodes/{id}'],
  ['DELETE', '/nodes/{id}'],
  ['POST', '/nodes/{id}/update'],
  ['GET', '/services'],
  ['POST', '/services/create'],
  ['GET', '/services/{id}'],
  ['DELETE', '/services/{id}'],
  ['POST', '/services/{id}/update'],
  ['GET', '/services/{id}/logs'],
  ['GET', '/tasks'],
  ['GET', '/tasks/{id}'],
  ['GET', '/tasks/{id}/logs'],
  ['GET', '/secrets'],
  ['POST', '/secrets/create'],
  ['GET', '/secrets/{id}'],
  ['DELETE', '/secrets/{id}'],
  ['POST', '/secrets/{id}/update'],
  ['GET', '/configs'],
  ['POST', '/configs/create'],
  ['GET', '/configs/{id}'],
  ['DELETE', '/configs/{id}'],
  ['POST', '/configs/{id}/update'],
];

export function swarmRoutes(routes: Routes): void {
  for (const [method, path] of MANAGER_OPERATIONS) {
    routes.on(method, path, () => {
      throw unavailable(NO_MANAGER);
    });
  }
  volumeUpdate(routes);
  for (const path of ['/swarm/leave', '/swarm/unlock']) {
    routes.on('POST', path, () => {
      throw unavailable('This node is not part of a swarm');
    });
  }
  for (const path of ['/swarm/init', '/swarm/join']) {
    routes.on('POST', path, () => {
      throw unavailable('this engine runs containers of one machine: it has no swarm mode');
    });
  }
}

function volumeUpdate(routes: Routes): void {
  routes.on('PUT', '/volumes/{name}', () => {
    throw unavailable('volume update only valid for cluster volumes, but swarm is unavailable');
  });
}

export function pluginRoutes(routes: Routes): void {
  routes.on('GET', '/plugins', ({ response }) => response.json(200, []));
  for (const [method, path] of [
    ['GET', '/plugins/{name...}/json'],
    ['DELETE', '/plugins/{name...}'],
    ['POST', '/plugins/{name...}/enable'],
    ['POST', '/plugins/{name...}/disable'],
    ['POST', '/plugins/{name...}/push'],
    ['POST', '/plugins/{name...}/set'],
    ['POST', '/plugins/{name...}/upgrade'],
  ] as const) {
    routes.on(method, path, ({ params }) => {
      throw notFound(`plugin ${JSON.stringify(params.name ?? '')} not found`);
    });
  }
  routes.on('GET', '/plugins/privileges', ({ query }) => refuse(query.get('remote')));
  routes.on('POST', '/plugins/pull', ({ query }) => refuse(query.get('remote')));
  routes.on('POST', '/plugins/create', ({ query }) => refuse(query.get('name')));
}

function refuse(name: string | null): never {
  if (!name) throw invalidParameter('the name of a plugin is needed');
  throw unavailable(
    `the plugin ${name} cannot be installed: this engine has no managed plugins, its drivers are built in`,
  );
}

/** BuildKit’s way in, deprecated by Docker. */
export function sessionRoutes(routes: Routes): void {
  routes.on('POST', '/session', () => {
    throw notFound('this daemon has no BuildKit session: set DOCKER_BUILDKIT=0, or build with barge build');
  });
}

/** CRIU’s snapshots, an experimental part of Docker that is off by default there, too. */
export function checkpointRoutes(routes: Routes): void {
  for (const [method, path] of [
    ['GET', '/containers/{id...}/checkpoints'],
    ['POST', '/containers/{id...}/checkpoints'],
    ['DELETE', '/containers/{id...}/checkpoints/{name}'],
  ] as const) {
    routes.on(method, path, async ({ request }) => {
      await readBody(request, anything()).catch(() => {});
      throw notFound(
        'page not found: checkpoints are an experimental feature that this daemon does not have',
      );
    });
  }
}
