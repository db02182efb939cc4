import { EngineClient } from '../peers/engine-client.ts';
import { roundRows } from './rounds.ts';
import type { Row, Section, Suite, Workshop } from './suite.ts';

/** Only the daemons, without starting a client. */
export const apiSuite: Suite = { name: 'api', effort: { warmup: 3, runs: 15 }, measure };

const NETWORKS = ['bridge', 'none', 'host'];

interface Contestant {
  readonly name: string;
  readonly client: EngineClient;
}

async function measure(workshop: Workshop): Promise<readonly Section[]> {
  using clients = new DisposableStack();
  const contestants = workshop.peers.flatMap(({ name, daemon }): Contestant[] =>
    daemon ? [{ name, client: clients.use(new EngineClient(daemon.socket)) }] : [],
  );
  const rows: Row[] = [];
  for (const network of NETWORKS)
    rows.push(
      ...(await roundRows(workshop, {
        title: `API, ${network}`,
        contestants,
        turn: async ({ client }) => ({ [network]: await life(client, network) }),
      })),
    );
  return [
    {
      name: 'api',
      title: 'The Engine API alone: create, start, wait and remove of `busybox true` over one connection',
      rows,
      notes: ['podman is not in it: it has no daemon that always runs.'],
    },
  ];
}

/** @returns milliseconds. */
async function life(client: EngineClient, network: string): Promise<number> {
  const began = performance.now();
  const { Id } = (await client.request('POST', '/containers/create', {
    Image: 'busybox',
    Cmd: ['true'],
    HostConfig: { NetworkMode: network },
  })) as { Id: string };
  await client.request('POST', `/containers/${Id}/start`);
  await client.request('POST', `/containers/${Id}/wait`);
  await client.request('DELETE', `/containers/${Id}`);
  return performance.now() - began;
}
