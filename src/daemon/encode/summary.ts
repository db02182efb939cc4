import type { ContainerSummary } from '../../api/engine/containers.ts';
import { statusWords } from '../../container/life/shown.ts';
import { attachmentOf, healthOf } from '../../container/life/state.ts';
import type { ContainerDefinition } from '../../container/model.ts';
import type { ListedContainer } from '../../engine/query/list.ts';
import { encodeNetworkMode } from './host-config.ts';
import { mountPoints } from './inspect.ts';
import { networksOf, portSummaries } from './network-settings.ts';

/** One row of `ps`. */
export function encodeSummary({ container, image, linkedAs, size }: ListedContainer): ContainerSummary {
  const { definition, state } = container;
  const { annotations, labels, network } = definition.spec;
  const health = healthOf(state);
  return {
    Id: definition.id,
    Names: [`/${definition.name}`, ...linkedAs],
    Image: image,
    ImageID: definition.imageId,
    Command: commandText(definition),
    Created: Math.floor(definition.createdAt / 1000),
    Ports: portSummaries(attachmentOf(state)?.ports ?? {}),
    Labels: labels,
    State: state.status,
    Status: statusWords(state),
    Health: { Status: health?.Status ?? 'none', FailingStreak: health?.FailingStreak ?? 0 },
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
