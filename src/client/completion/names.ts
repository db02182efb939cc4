import type { ContainerSummary } from '../../api/engine/containers.ts';
import type { ImageSummary } from '../../api/engine/images.ts';
import type { Volume } from '../../api/engine/volumes.ts';
import type { Cli } from '../cli.ts';
import type { Completion } from '../flag-types.ts';
import type { NetworkSummary } from '../networks/network.ts';
import { DEFAULT_CONTEXT, listContexts } from '../targets/store.ts';
import { type Candidate, DIRECTIVE, type Proposal } from './proposal.ts';

type Kind = Exclude<Completion, readonly string[]>;

const LOOKUPS: Readonly<Partial<Record<Kind, (cli: Cli) => Promise<Candidate[]>>>> = {
  container: (cli) => containers(cli, () => true),
  running: (cli) => containers(cli, ({ State }) => State === 'running' || State === 'paused'),
  stopped: (cli) => containers(cli, ({ State }) => State !== 'running' && State !== 'paused'),
  image: images,
  network: networks,
  volume: volumes,
  context: async (cli) => contexts(cli),
  object: async (cli) => {
    const kinds = [containers(cli, () => true), images(cli), networks(cli), volumes(cli)];
    return (await Promise.all(kinds)).flat();
  },
};

/** Candidates of a kind that begin with `current`, without those `taken`. @throws the error of the daemon's response */
export async function candidatesFor(
  cli: Cli,
  kind: Completion,
  current: string,
  taken: readonly string[],
): Promise<Proposal> {
  if (kind === 'file') return { candidates: [], directive: DIRECTIVE.files };
  if (kind === 'directory') return { candidates: [], directive: DIRECTIVE.directories };
  const all =
    typeof kind === 'string' ? ((await LOOKUPS[kind]?.(cli)) ?? []) : kind.map((value) => ({ value }));
  const candidates = all.filter(({ value }) => value.startsWith(current) && !taken.includes(value));
  const open = candidates.some(({ value }) => value.endsWith('='));
  return { candidates, directive: DIRECTIVE.noFiles | (open ? DIRECTIVE.noSpace : 0) };
}

async function containers(cli: Cli, fits: (one: ContainerSummary) => boolean): Promise<Candidate[]> {
  const list = await cli.engine.get<ContainerSummary[]>('/containers/json', { all: true });
  return list.filter(fits).flatMap(({ Names, Image, Status }) =>
    (Names ?? [])
      .map((name) => name.replace(/^\//, ''))
      .filter((name) => !name.includes('/'))
      .map((value) => ({ value, description: `${Image}, ${Status}` })),
  );
}

async function images(cli: Cli): Promise<Candidate[]> {
  const list = await cli.engine.get<ImageSummary[]>('/images/json');
  const tags = list.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => !tag.includes('<none>'));
  return tags.flatMap((value) =>
    value.endsWith(':latest') ? [{ value: value.slice(0, -':latest'.length) }, { value }] : [{ value }],
  );
}

async function networks(cli: Cli): Promise<Candidate[]> {
  const list = await cli.engine.get<NetworkSummary[]>('/networks');
  return list.map(({ Name, Driver }) => ({ value: Name, description: Driver }));
}

async function volumes(cli: Cli): Promise<Candidate[]> {
  const { Volumes } = await cli.engine.get<{ Volumes: Volume[] | null }>('/volumes');
  return (Volumes ?? []).map(({ Name, Driver }) => ({ value: Name, description: Driver }));
}

function contexts(cli: Cli): Candidate[] {
  const stored = listContexts(cli.configDirectory).map(({ meta, endpoint }) => ({
    value: meta.Name,
    description: meta.Metadata.Description ?? endpoint.Host ?? '',
  }));
  return [{ value: DEFAULT_CONTEXT }, ...stored];
}
