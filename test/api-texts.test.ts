/**
 * What dockerd says when something cannot be done, by its key words: scripts and programs look for them. Each row is a
 * request, its status and what its message says.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openApi } from './harness/api.ts';
import { apiClient, withFilters } from './harness/api-client.ts';
import { TestDaemon } from './harness/daemon.ts';

const daemon = await TestDaemon.start();
after(() => daemon.end());
await daemon.makeBusybox();
const { get, post, create, run } = apiClient(daemon);

const up = await run('up', { HostConfig: { Mounts: [{ Type: 'volume', Source: 'used', Target: '/v' }] } });
await create('made');
await run('paused');
assert.equal((await post('/containers/paused/pause')).status, 204);
assert.equal((await post('/networks/create', { Name: 'net' })).status, 201);
assert.equal((await post('/networks/net/connect', { Container: 'up' })).status, 200);
/* Without a command of its own. */
const bare = await post('/commit?container=made&repo=bare', { Cmd: [], Entrypoint: [] });
assert.equal(bare.status, 201);

type Row = readonly [request: string, status: number, words: RegExp, body?: unknown];

const NO_CONTAINER = /^No such container: nope$/;
const of = (host: object) => ({ Image: 'busybox', HostConfig: host });
const mounted = (...mounts: object[]) => of({ Mounts: mounts });

const MISSING: readonly Row[] = [
  ...[
    'GET /containers/nope/json',
    'GET /containers/nope/top',
    'GET /containers/nope/logs?stdout=1',
    'GET /containers/nope/changes',
    'GET /containers/nope/export',
    'GET /containers/nope/stats?stream=0',
    'GET /containers/nope/archive?path=/x',
    'POST /containers/nope/start',
    'POST /containers/nope/stop',
    'POST /containers/nope/restart',
    'POST /containers/nope/kill',
    'POST /containers/nope/pause',
    'POST /containers/nope/unpause',
    'POST /containers/nope/rename?name=other',
    'POST /containers/nope/resize?h=1&w=1',
    'POST /containers/nope/attach?stream=1',
    'POST /containers/nope/wait',
    'POST /commit?container=nope',
    'DELETE /containers/nope',
  ].map((request): Row => [request, 404, NO_CONTAINER]),
  ['POST /containers/nope/exec', 404, NO_CONTAINER, { Cmd: ['x'] }],
  ['POST /containers/nope/update', 404, NO_CONTAINER, {}],
  ['POST /exec/nope/start', 404, /^No such exec instance: nope$/, {}],
  ['GET /exec/nope/json', 404, /^No such exec instance: nope$/],
  ['GET /images/nope/json', 404, /No such image: nope/],
  ['GET /images/nope/history', 404, /No such image: nope/],
  ['GET /images/nope/get', 404, /No such image: nope/],
  ['DELETE /images/nope', 404, /No such image: nope/],
  ['POST /images/nope/tag?repo=x', 404, /No such image: nope/],
  ['POST /images/nope/push', 404, /An image does not exist locally with the tag: nope/],
  ['GET /networks/nope', 404, /^network nope not found$/],
  ['DELETE /networks/nope', 404, /^network nope not found$/],
  ['POST /networks/nope/connect', 404, /network nope not found/, { Container: 'up' }],
  ['POST /networks/net/connect', 404, NO_CONTAINER, { Container: 'nope' }],
  ['GET /volumes/nope', 404, /^get nope: no such volume$/],
  ['DELETE /volumes/nope', 404, /get nope: no such volume/],
  ['GET /nonsense', 404, /^page not found/],
  ['GET /plugins/nope/json', 404, /plugin "nope" not found/],
  ['GET /swarm', 503, /This node is not a swarm manager/],
];

const STATES: readonly Row[] = [
  [
    'DELETE /containers/up',
    409,
    /cannot remove container "\/up": container is running: stop the container before removing or force remove/,
  ],
  [
    'DELETE /containers/paused',
    409,
    /cannot remove container "\/paused": container is paused and must be unpaused first/,
  ],
  ['POST /containers/made/kill', 409, /^cannot kill container: made: container [0-9a-f]{64} is not running$/],
  ['POST /containers/up/kill?signal=FOO', 400, /^invalid signal: FOO$/i],
  ['POST /containers/up/stop?signal=FOO', 400, /invalid signal: FOO/i],
  ['POST /containers/made/pause', 409, /[Cc]ontainer [0-9a-f]{64} is not running/],
  ['POST /containers/paused/pause', 409, /[Cc]ontainer [0-9a-f]{64} is already paused/],
  ['POST /containers/paused/start', 409, /cannot start a paused container, try unpause instead/],
  ['POST /containers/made/exec', 409, /[Cc]ontainer [0-9a-f]{64} is not running/, { Cmd: ['x'] }],
  ['POST /containers/paused/exec', 409, /is paused, unpause the container before exec/, { Cmd: ['x'] }],
  ['POST /containers/up/exec', 400, /No exec command specified/i, {}],
  ['POST /containers/paused/attach?stream=1', 409, /is paused, unpause the container before attach/],
  ['GET /containers/made/top', 409, /[Cc]ontainer [0-9a-f]{64} is not running/],
  ['GET /containers/up/logs', 400, /you must choose at least one stream/i],
  ['POST /containers/up/wait?condition=nope', 400, /invalid condition: "nope"/],
  ['POST /containers/up/rename?name=up', 400, /Renaming a container with the same name as its current name/],
  ['POST /containers/up/rename?name=', 400, /Neither old nor new names may be empty/],
  [
    'POST /containers/up/rename?name=made',
    409,
    /Conflict\. The container name "\/made" is already in use by container "[0-9a-f]{64}"/,
  ],
  ['POST /containers/up/resize?h=x&w=1', 400, /invalid resize height/],
  ['POST /containers/up/attach?stream=1&detachKeys=nonsense', 400, /Invalid escape keys/i],
  ['GET /containers/up/archive?path=/nope', 404, /Could not find the file \/nope in container /],
  ['GET /containers/up/archive', 400, /'?path'? cannot be empty/],
  ['GET /containers/up/stats?stream=1&one-shot=1', 400, /cannot have stream=true and one-shot=true/],
  ['POST /containers/up/update', 400, /Minimum memory limit allowed is 6MB/, { Memory: 1 }],
];

const CREATIONS: readonly Row[] = [
  ['POST /containers/create', 400, /config cannot be empty in order to create a container/, {}],
  ['POST /containers/create', 404, /No such image: nope:latest/, { Image: 'nope' }],
  ['POST /containers/create', 400, /no command specified/, { Image: 'bare', Cmd: [], Entrypoint: [''] }],
  [
    'POST /containers/create?name=up',
    409,
    /^Conflict\. The container name "\/up" is already in use by container "[0-9a-f]{64}"\. You have to remove \(or rename\) that container to be able to reuse that name\.$/,
    of({}),
  ],
  [
    'POST /containers/create?name=a+b',
    400,
    /Invalid container name \(a b\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\] are allowed/,
    of({}),
  ],
  [
    'POST /containers/create',
    400,
    /the working directory 'x' is invalid, it needs to be an absolute path/,
    { Image: 'busybox', WorkingDir: 'x' },
  ],
  ['POST /containers/create', 400, /invalid environment variable: =x/, { Image: 'busybox', Env: ['=x'] }],
  ['POST /containers/create', 400, /invalid signal: FOO/i, { Image: 'busybox', StopSignal: 'FOO' }],
  ['POST /containers/create', 400, /Minimum memory limit allowed is 6MB/, of({ Memory: 1 })],
  [
    'POST /containers/create',
    400,
    /invalid restart policy: unknown policy 'x'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'/,
    of({ RestartPolicy: { Name: 'x' } }),
  ],
  [
    'POST /containers/create',
    400,
    /maximum retry count can only be used with 'on-failure'/,
    of({ RestartPolicy: { Name: 'always', MaximumRetryCount: 1 } }),
  ],
  [
    'POST /containers/create',
    400,
    /can't create 'AutoRemove' container with restart policy/,
    of({ AutoRemove: true, RestartPolicy: { Name: 'always' } }),
  ],
  [
    'POST /containers/create',
    400,
    /conflicting options: port publishing and the container type network mode/,
    of({ NetworkMode: 'container:up', PublishAllPorts: true }),
  ],
  [
    'POST /containers/create',
    400,
    /conflicting options: hostname and the network mode/,
    { ...of({ NetworkMode: 'container:up' }), Hostname: 'x' },
  ],
  ['POST /containers/create', 400, /invalid volume specification: 'a:b:c:d'/, of({ Binds: ['a:b:c:d'] })],
  [
    'POST /containers/create',
    400,
    /invalid mount path: 'x' mount path must be absolute/,
    of({ Binds: ['/tmp:x'] }),
  ],
  ['POST /containers/create', 400, /Duplicate mount point: \/x/, of({ Binds: ['/tmp:/x', '/tmp:/x'] })],
  ['POST /containers/create', 400, /mount type unknown/, mounted({ Type: 'x', Target: '/x' })],
  [
    'POST /containers/create',
    400,
    /invalid mount config for type "": field Target must not be empty/,
    { Image: 'busybox', HostConfig: { Mounts: [null] } },
  ],
  [
    'POST /containers/create',
    400,
    /invalid mount config for type "bind": bind source path does not exist: \/nope/,
    mounted({ Type: 'bind', Source: '/nope', Target: '/x' }),
  ],
  [
    'POST /containers/create',
    400,
    /invalid mount config for type "volume": field Target must not be empty/,
    mounted({ Type: 'volume' }),
  ],
  [
    'POST /containers/create',
    400,
    /invalid mount config for type "bind": field Source must not be empty/,
    mounted({ Type: 'bind', Target: '/x' }),
  ],
  ['POST /containers/create', 400, NO_CONTAINER, of({ VolumesFrom: ['nope'] })],
  [
    'POST /containers/create',
    400,
    /could not get container for nope: No such container: nope/,
    of({ Links: ['nope:x'] }),
  ],
  ['POST /containers/create', 400, /unknown capability: "CAP_NOPE"/, of({ CapAdd: ['nope'] })],
  [
    'POST /containers/create',
    400,
    /invalid ulimit type: x/,
    of({ Ulimits: [{ Name: 'x', Soft: 1, Hard: 1 }] }),
  ],
  ['POST /containers/create', 400, /invalid ulimit type: /, of({ Ulimits: [null] })],
  [
    'POST /containers/create',
    400,
    /no log driver named 'nope' is registered/,
    of({ LogConfig: { Type: 'nope' } }),
  ],
  ['POST /containers/create', 400, /unknown or invalid runtime name: nope/, of({ Runtime: 'nope' })],
  ['POST /containers/create', 400, /invalid IPC mode: x/, of({ IpcMode: 'x' })],
  [
    'POST /containers/create',
    400,
    /invalid port specification|invalid port/,
    of({ PortBindings: { '99999/tcp': [] } }),
  ],
  ['POST /containers/create', 400, /bad format for add-host: "x"/, of({ ExtraHosts: ['x'] })],
  [
    'POST /containers/create',
    400,
    /Unknown type "X" in Healthcheck|unknown type "X" in healthcheck/i,
    { Image: 'busybox', Healthcheck: { Test: ['X'] } },
  ],
  [
    'POST /containers/create',
    400,
    /cannot unmarshal number into Go struct field .*PortBindings of type \[\]PortBinding/,
    of({ PortBindings: { '80/tcp': 5 } }),
  ],
  [
    'POST /containers/create',
    400,
    /cannot unmarshal number into Go struct field .*Labels of type string/,
    { Image: 'busybox', Labels: { a: 1 } },
  ],
  [
    'POST /containers/create',
    400,
    /cannot unmarshal number into Go struct field .*Healthcheck\.Test of type \[\]string/,
    { Image: 'busybox', Healthcheck: { Test: 7 } },
  ],
  ['POST /networks/create', 409, /network with name net already exists/, { Name: 'net' }],
  [
    'POST /networks/create',
    403,
    /operation is not permitted on predefined bridge network/,
    { Name: 'bridge' },
  ],
  ['POST /networks/create', 404, /plugin "nope" not found/, { Name: 'x', Driver: 'nope' }],
  ['POST /networks/create', 400, /invalid/, { Name: 'x', IPAM: { Config: [{ Subnet: 'nonsense' }] } }],
  ['POST /networks/create', 400, /name is empty/, {}],
  [
    'POST /networks/net/connect',
    403,
    /endpoint with name up already exists in network net/,
    { Container: 'up' },
  ],
  [
    'POST /networks/host/connect',
    403,
    /cannot be disconnected from host network or connected to host network/,
    { Container: 'up' },
  ],
  ['POST /networks/net/disconnect', 500, /is not connected to (the )?network net/, { Container: 'made' }],
  ['DELETE /networks/bridge', 403, /bridge is a pre-defined network and cannot be removed/],
  ['DELETE /networks/net', 403, /network net .*has active endpoints/],
  [
    'POST /volumes/create',
    400,
    /"a b" includes invalid characters for a local volume name, only "\[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\]" are allowed/,
    { Name: 'a b' },
  ],
  [
    'POST /volumes/create',
    404,
    /error looking up volume plugin nope: plugin "nope" not found/,
    { Name: 'x', Driver: 'nope' },
  ],
  ['POST /volumes/create', 400, /invalid option: "x"/, { Name: 'xx', DriverOpts: { x: 'y' } }],
  ['DELETE /volumes/used', 409, /remove used: volume is in use - \[[0-9a-f]{64}\]/],
];

const IMAGES: readonly Row[] = [
  [
    'DELETE /images/busybox',
    409,
    /^conflict: unable to (delete|remove repository reference) .*container [0-9a-f]{12}/,
  ],
  [
    'POST /images/bare/tag?repo=UP',
    400,
    /invalid reference format: repository name \((library\/)?UP\) must be lowercase/,
  ],
  ['POST /images/bare/tag?repo=a+b', 400, /invalid reference format/],
  [
    'POST /images/create?fromImage=UP',
    400,
    /invalid reference format: repository name \((library\/)?UP\) must be lowercase/,
  ],
  ['POST /build?t=UP', 400, /invalid reference format/],
  ['GET /images/search?term=x&limit=200', 400, /limit 200 is outside the range of \[1, 100\]/i],
];

const filtered = (path: string, filters: object) => withFilters(path, filters);
const QUERIES: readonly Row[] = [
  ...['/containers/json', '/images/json', '/networks', '/volumes'].map(
    (path): Row => [`GET ${filtered(path, { nope: ['x'] })}`, 400, /invalid filter 'nope'/],
  ),
  ...['containers', 'images', 'networks', 'volumes'].map(
    (what): Row => [`POST ${filtered(`/${what}/prune`, { nope: ['x'] })}`, 400, /invalid filter 'nope'/],
  ),
  [
    `GET ${filtered('/containers/json', { status: ['x'] })}`,
    400,
    /invalid (filter 'status=x'|value for state \(x\))/,
  ],
  [
    `GET ${filtered('/containers/json', { health: ['x'] })}`,
    400,
    /invalid (filter 'health=x'|value for health \(x\))/,
  ],
  [`GET ${filtered('/containers/json', { exited: ['x'] })}`, 400, /invalid filter 'exited=/],
  [`GET ${filtered('/containers/json', { before: ['nope'] })}`, 404, NO_CONTAINER],
  [`GET ${filtered('/images/json', { dangling: ['x'] })}`, 400, /invalid filter 'dangling=\[x\]'/],
  [`GET ${filtered('/networks', { type: ['x'] })}`, 400, /invalid filter: 'type'='x'/],
  [
    `POST ${filtered('/containers/prune', { until: ['a', 'b'] })}`,
    400,
    /more than one until filter specified/,
  ],
  ['GET /containers/json?filters=nonsense', 400, /invalid filter/],
  ['GET /events?since=10&until=5', 400, /`since` time \(10\) cannot be after `until` time \(5\)/],
  ['GET /system/df?type=nope', 400, /unknown object type: nope/],
  ['GET /v1.99/info', 400, /client version 1\.99 is too new\. Maximum supported API version is 1\.\d+/],
  [
    'GET /v1.10/info',
    400,
    /client version 1\.10 is too old\. Minimum supported API version is 1\.\d+, please upgrade your client to a newer version/,
  ],
];

async function attempt(request: string, body: unknown): Promise<[number, string]> {
  const [method = '', path = ''] = request.split(' ');
  const response = await openApi(daemon.socket, { method, path, body });
  const text = (await response.toArray()).join('');
  const message = /^\{"message":/.test(text) ? JSON.parse(text).message : text;
  return [response.statusCode ?? 0, message];
}

const ALL = { MISSING, STATES, CREATIONS, IMAGES, QUERIES };
for (const [group, rows] of Object.entries(ALL)) {
  test(group.toLowerCase(), async (t) => {
    for (const [request, status, words, body] of rows) {
      await t.test(`${request} ${body === undefined ? '' : JSON.stringify(body)}`, async () => {
        const [given, message] = await attempt(request, body);
        assert.match(message, words);
        assert.equal(given, status, message);
      });
    }
  });
}

test('there are a hundred of them, and nothing has changed what they were about', async () => {
  assert.ok(Object.values(ALL).flat().length >= 100);
  assert.equal((await get(`/containers/${up}/json`)).json().State.Running, true);
});
