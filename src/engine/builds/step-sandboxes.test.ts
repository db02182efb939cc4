import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecRequest } from '../../builder/worker.ts';
import type { NameView } from '../../network/dns/server.ts';
import type { Networks } from '../../network/networks.ts';
import type { Sandbox } from '../../network/sandbox/sandboxes.ts';
import { StepSandboxes } from './step-sandboxes.ts';

/** Networks, of which those called `inner` are internal. */
function fakeNetworks(views: NameView[]): Networks {
  const networks = {
    find: (name: string) => ({ name }),
    sandboxes: {
      attach: async ([{ network }]: readonly [{ network: string }]) => ({
        path: network,
        endpoints: [{ network }],
      }),
    },
    leadsOut: ({ path }: Sandbox) => path !== 'inner',
    serveNames: async (_: Sandbox, view: NameView) => {
      views.push(view);
    },
    release: async () => {},
  };
  return networks as unknown as Networks;
}

const step = (network: string) => ({ network }) as ExecRequest;

test('a step on an internal network has no servers for outside names', async () => {
  const views: NameView[] = [];
  const sandboxes = new StepSandboxes(fakeNetworks(views));
  await sandboxes.connect(step('inner'));
  await sandboxes.connect(step('outer'));
  const [inner, outer] = views;
  assert.deepEqual(inner?.networks, ['inner']);
  assert.deepEqual(inner?.servers, []);
  assert.notEqual(outer?.servers.length, 0);
});
