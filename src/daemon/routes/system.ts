import { notFound, unavailable } from '../../core/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import { type Filters, labelMatches, parseFilters } from '../../engine/filters.ts';
import { diskUsage, systemInfo, versionInfo } from '../../engine/system.ts';
import type { EventMessage } from '../../spec/engine.ts';
import type { Exchange } from '../http.ts';
import type { Router } from '../router.ts';
import { logTime } from './containers.ts';

export function systemRoutes(router: Router, engine: Engine): void {
  const ping = ({ request, response }: Exchange) => {
    const out = response.stream(200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': '2',
      'Builder-Version': '1',
      Swarm: 'inactive',
      'Cache-Control': 'no-cache, no-store, must-revalidate',
      Pragma: 'no-cache',
    });
    out.end(request.method === 'HEAD' ? undefined : 'OK');
  };
  router.on('GET', '/_ping', ping);
  router.on('HEAD', '/_ping', ping);
  router.on('GET', '/version', async ({ response }) => response.json(200, await versionInfo(engine)));
  router.on('GET', '/info', ({ response }) => response.json(200, systemInfo(engine)));
  router.on('GET', '/system/df', ({ response }) => response.json(200, diskUsage(engine)));
  router.on('GET', '/events', (exchange) => streamEvents(engine, exchange));
  swarmRoutes(router);
}

const SWARM_PATHS = ['/swarm', '/nodes', '/services', '/tasks', '/secrets', '/configs'];

/** A node that is in no swarm: docker's words. */
function swarmRoutes(router: Router): void {
  for (const path of SWARM_PATHS) {
    router.on('GET', path, () => {
      throw unavailable(
        'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
      );
    });
  }
  router.on('GET', '/plugins', ({ response }) => response.json(200, []));
  router.on('POST', '/session', () => {
    throw notFound('this daemon has no BuildKit session: set DOCKER_BUILDKIT=0, or build with barge build');
  });
}

async function streamEvents(engine: Engine, { query, response, signal }: Exchange): Promise<void> {
  const filters = parseFilters(query.get('filters') ?? '');
  const since = logTime(query.get('since'));
  const until = logTime(query.get('until'));
  const out = response.stream(200, { 'Content-Type': 'application/json' });
  const wanted = (event: EventMessage) =>
    passes(event, filters) && (until === undefined || BigInt(event.timeNano) <= until);
  const send = (event: EventMessage) => {
    if (wanted(event)) out.write(`${JSON.stringify(event)}\n`);
  };
  if (since !== undefined) {
    for (const event of engine.events.past()) if (BigInt(event.timeNano) >= since) send(event);
  }
  using _listening = engine.events.listen(send);
  await untilOver(until, signal);
  out.end();
}

function untilOver(until: bigint | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const left = until === undefined ? undefined : Math.max(0, Number(until / 1_000_000n) - Date.now());
    const timer = left === undefined ? undefined : setTimeout(resolve, left);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
    return undefined;
  });
}

function passes(event: EventMessage, filters: Filters): boolean {
  const { ID: id, Attributes: attributes } = event.Actor;
  const named = (type: string, value: string) =>
    event.Type === type && (id.startsWith(value) || attributes.name === value);
  const tests: Record<string, (value: string) => boolean> = {
    type: (value) => event.Type === value,
    event: (value) => event.Action === value || event.Action.startsWith(`${value}:`),
    container: (value) => named('container', value),
    image: (value) => named('image', value) || attributes.image === value,
    volume: (value) => named('volume', value),
    network: (value) => named('network', value),
    label: (value) => labelMatches(attributes, value),
    scope: (value) => event.scope === value,
    daemon: (value) => named('daemon', value),
  };
  return [...filters].every(([name, values]) => {
    const test = tests[name];
    return !test || (name === 'label' ? values.every(test) : values.some(test));
  });
}
