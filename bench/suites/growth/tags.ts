import { createHash } from 'node:crypto';
import { atOnce } from '../../measure/at-once.ts';
import { processTrees, sumOfPss } from '../../measure/memory.ts';
import { REGISTRIES, type RegistryKind, startRegistry } from '../../peers/registries.ts';
import type { Workshop } from '../suite.ts';
import type { Growth } from './suite.ts';

const COUNTS = [1, 10, 100, 1000, 10_000];
const AT_ONCE = 16;
const MB = 1e6;
const TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** Tags of one repository in our registry: pushing, listing all, requesting one, and the server's memory. */
export async function tagCurves(workshop: Workshop): Promise<readonly Growth[]> {
  workshop.say(`growth: ${COUNTS.join(', ')} tags`);
  await using server = await startRegistry(workshop.stage, REGISTRIES[0] as RegistryKind);
  const repository = `http://${server.address}/v2/growth/tags`;
  const manifest = await pushedManifest(repository);
  const put = (tag: number) => send('PUT', `${repository}/manifests/t${tag}`, TYPE, manifest);
  const costs: Costs[] = [];
  let pushed = 0;
  for (const [i, count] of COUNTS.entries()) {
    const first = COUNTS[i - 1] ?? 0;
    pushed += await atOnce(
      Array.from({ length: count - first }, (_, j) => first + j),
      AT_ONCE,
      put,
    );
    costs.push({
      'pushing all': pushed,
      'listing all': await timeOf(() => send('GET', `${repository}/tags/list`)),
      'asking for one': await timeOf(() => send('GET', `${repository}/manifests/t${count - 1}`)),
      'memory of the server': sumOfPss(processTrees([server.pid])) / MB,
    });
  }
  return (['pushing all', 'listing all', 'asking for one', 'memory of the server'] as const).map((key) => ({
    label: `tags: ${key}`,
    unit: key.startsWith('memory') ? 'MB' : 'ms',
    points: costs.map((cost, i) => ({ count: COUNTS[i] as number, cost: cost[key] })),
  }));
}

type Costs = Readonly<
  Record<'pushing all' | 'listing all' | 'asking for one' | 'memory of the server', number>
>;

/** Pushes a configuration. @returns the manifest of an image without layers. */
async function pushedManifest(repository: string): Promise<string> {
  const config = '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}';
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  await send('POST', `${repository}/blobs/uploads/?digest=${digest}`, 'application/octet-stream', config);
  const described = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length };
  return JSON.stringify({ schemaVersion: 2, mediaType: TYPE, config: described, layers: [] });
}

async function send(method: string, url: string, type?: string, body?: string): Promise<void> {
  const headers = { accept: TYPE, ...(type && { 'content-type': type }) };
  const response = await fetch(url, { method, headers, ...(body && { body }) });
  const said = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} failed with status ${response.status}: ${said}`);
}

/** The median of several samples. */
async function timeOf(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[4] as number;
}
