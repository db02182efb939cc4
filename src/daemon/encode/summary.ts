import type { ContainerSummary } from '../../api/engine/containers.ts';
import type { ContainerDefinition, ContainerRunState } from '../../container/model.ts';
import { formatDuration } from '../../core/units.ts';
import type { ListedContainer } from '../../engine/query/list.ts';
import { encodeNetworkMode } from './host-config.ts';
import { mountPoints } from './inspect.ts';
import { networksOf, portSummaries } from './network-settings.ts';

/** One row of `ps`. */
export function encodeSummary({ container, image, linkedAs, size }: ListedContainer): ContainerSummary {
  const { definition, state } = container;
  const { annotations, labels, network } = definition.spec;
  return {
    Id: definition.id,
    Names: [`/${definition.name}`, ...linkedAs],
    Image: image,
    ImageID: definition.imageId,
    Command: commandText(definition),
    Created: Math.floor(definition.createdAt / 1000),
    Ports: portSummaries(state.attachment?.ports ?? {}),
    Labels: labels,
    State: state.status,
    Status: statusWords(state),
    Health: { Status: state.health?.Status ?? 'none', FailingStreak: state.health?.FailingStreak ?? 0 },
    HostConfig: {
      NetworkMode: encodeNetworkMode(network.mode),
      ...(Object.keys(annotations).length > 0 ? { Annotations: annotations } : {}),
    },
    NetworkSettings: { Networks: networksOf(container) },
    Mounts: mountPoints(definition),
    ...size,
  };
}

/** Arguments with blanks stand in quotes. */
function commandText({ spec }: ContainerDefinition): string {
  const [path = '', ...args] = [...spec.process.entrypoint, ...spec.process.command];
  return [path, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}

/** `Up 3 minutes`, `Exited (0) 2 hours ago`, …: docker's words. */
export function statusWords(state: ContainerRunState): string {
  const since = (at: number) => formatDuration(Math.max(0, Date.now() - at) / 1000);
  switch (state.status) {
    case 'running': {
      const health = state.health && state.health.Status !== 'none' ? state.health.Status : undefined;
      const words = health === 'starting' ? ' (health: starting)' : health ? ` (${health})` : '';
      return `Up ${since(state.startedAt)}${words}`;
    }
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    default:
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}
