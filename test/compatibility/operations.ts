import assert from 'node:assert/strict';
import type { TestDaemon } from '../harness/daemon.ts';

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly verdict: 'works' | 'refused' | 'not applicable';
  /** Why it does not work here. */
  readonly because?: string;
}

const works = (text: string): Operation[] =>
  listed(text).map((operation) => ({ ...operation, verdict: 'works' }));

const listed = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const [method = '', path = ''] = line.trim().split(' ');
      return { method, path };
    });

const NO_SWARM = "Barge has no swarm mode: the response is docker's outside of a swarm";
const NO_PLUGINS = 'Barge has no plugins: the list is empty, and none is found';

const without = (because: string, text: string): Operation[] =>
  listed(text).map((operation) => ({ ...operation, verdict: 'not applicable', because }));
const refused = (because: string, text: string): Operation[] =>
  listed(text).map((operation) => ({ ...operation, verdict: 'refused', because }));

/** Every operation of the Engine API 1.56. */
export const OPERATIONS: readonly Operation[] = [
  ...works(`
    GET /containers/json
    POST /containers/create
    GET /containers/{id}/json
    GET /containers/{id}/top
    GET /containers/{id}/logs
    GET /containers/{id}/changes
    GET /containers/{id}/export
    GET /containers/{id}/stats
    POST /containers/{id}/resize
    POST /containers/{id}/start
    POST /containers/{id}/stop
    POST /containers/{id}/restart
    POST /containers/{id}/kill
    POST /containers/{id}/update
    POST /containers/{id}/rename
    POST /containers/{id}/pause
    POST /containers/{id}/unpause
    POST /containers/{id}/attach
    GET /containers/{id}/attach/ws
    POST /containers/{id}/wait
    DELETE /containers/{id}
    HEAD /containers/{id}/archive
    GET /containers/{id}/archive
    PUT /containers/{id}/archive
    POST /containers/prune
    POST /containers/{id}/exec
    POST /exec/{id}/start
    POST /exec/{id}/resize
    GET /exec/{id}/json
    GET /images/json
    POST /build
    POST /build/prune
    POST /images/create
    GET /images/{name}/json
    GET /images/{name}/history
    POST /images/{name}/push
    POST /images/{name}/tag
    DELETE /images/{name}
    POST /images/prune
    GET /images/{name}/get
    GET /images/get
    POST /images/load
    GET /images/search
    GET /distribution/{name}/json
    GET /images/{name}/attestations
    POST /commit
    POST /auth
    GET /info
    GET /version
    GET /_ping
    HEAD /_ping
    GET /events
    GET /system/df
    GET /volumes
    POST /volumes/create
    GET /volumes/{name}
    DELETE /volumes/{name}
    POST /volumes/prune
    GET /networks
    GET /networks/{id}
    DELETE /networks/{id}
    POST /networks/create
    POST /networks/{id}/connect
    POST /networks/{id}/disconnect
    POST /networks/prune
  `),
  ...refused('the builder is reached by POST /build: set DOCKER_BUILDKIT=0', 'POST /session'),
  ...without(
    NO_PLUGINS,
    `
    GET /plugins
    GET /plugins/privileges
    POST /plugins/pull
    GET /plugins/{name}/json
    DELETE /plugins/{name}
    POST /plugins/{name}/enable
    POST /plugins/{name}/disable
    POST /plugins/{name}/upgrade
    POST /plugins/create
    POST /plugins/{name}/push
    POST /plugins/{name}/set
  `,
  ),
  ...without(
    NO_SWARM,
    `
    PUT /volumes/{name}
    GET /nodes
    GET /nodes/{id}
    DELETE /nodes/{id}
    POST /nodes/{id}/update
    GET /swarm
    POST /swarm/init
    POST /swarm/join
    POST /swarm/leave
    POST /swarm/update
    GET /swarm/unlockkey
    POST /swarm/unlock
    GET /services
    POST /services/create
    GET /services/{id}
    DELETE /services/{id}
    POST /services/{id}/update
    GET /services/{id}/logs
    GET /tasks
    GET /tasks/{id}
    GET /tasks/{id}/logs
    GET /secrets
    POST /secrets/create
    GET /secrets/{id}
    DELETE /secrets/{id}
    POST /secrets/{id}/update
    GET /configs
    POST /configs/create
    GET /configs/{id}
    DELETE /configs/{id}
    POST /configs/{id}/update
  `,
  ),
];

/** What some operations need so that they answer at once. */
const QUERIES: Readonly<Record<string, string>> = {
  'GET /events': '?since=1&until=2',
  'GET /images/search': '?term=127.0.0.1:1/none',
  'POST /images/create': '?fromImage=127.0.0.1:1/none&tag=1',
  'POST /commit': '?container=none',
  'POST /images/{name}/push': '?tag=1',
};

/** Sends the operation about things that do not exist: an answer of its own tells that it is there. */
export async function tryOperation(daemon: TestDaemon, { method, path, verdict }: Operation): Promise<void> {
  const key = `${method} ${path}`;
  const url = `${path.replace(/\{\w+\}/, 'none')}${QUERIES[key] ?? ''}`;
  const body = key === 'POST /auth' ? { serveraddress: '127.0.0.1:1' } : {};
  const response = await daemon.api(
    url,
    method === 'POST' || method === 'PUT' ? { method, body } : { method },
  );
  const unknown = /page not found/.test(response.text);
  if (verdict === 'works')
    assert.ok(!unknown && response.status !== 501, `${response.status} ${response.text}`);
  else if (verdict === 'refused') {
    assert.ok(
      !unknown && (response.status === 501 || /BuildKit/.test(response.text)),
      `${response.status} ${response.text}`,
    );
  } else assert.ok(!unknown && response.status !== 501, `${response.status} ${response.text}`);
}
