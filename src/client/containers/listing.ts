import type { ContainerSummary } from '../../api/engine/containers.ts';
import { shortId } from '../../core/ids.ts';
import { familiarString, parseReference } from '../../core/reference.ts';
import { formatBytes, formatDuration } from '../../core/units.ts';
import type { Fields, Listing } from '../format/listing.ts';
import { ellipsis, formatLabels, labelField } from '../format/text.ts';
import { formatGoTime } from '../time.ts';
import { formatPorts } from './ports-text.ts';

const COMMAND_WIDTH = 20;
const MOUNT_WIDTH = 15;

export const CONTAINER_LISTING: Listing = {
  typeName: '*formatter.ContainerContext',
  headings: {
    ID: 'CONTAINER ID',
    Image: 'IMAGE',
    Command: 'COMMAND',
    CreatedAt: 'CREATED AT',
    RunningFor: 'CREATED',
    Ports: 'PORTS',
    State: 'STATE',
    Status: 'STATUS',
    Size: 'SIZE',
    Names: 'NAMES',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    LocalVolumes: 'LOCAL VOLUMES',
    Networks: 'NETWORKS',
    Platform: 'PLATFORM',
  },
  columns: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'],
};

interface ContainerRowOptions {
  readonly truncate: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function containerFields(container: ContainerSummary, { truncate, now }: ContainerRowOptions): Fields {
  const mounts = (container.Mounts ?? []).map(({ Name, Source }) => Name || Source);
  const command = truncate ? ellipsis(container.Command, COMMAND_WIDTH) : container.Command;
  return {
    ID: truncate ? shortId(container.Id) : container.Id,
    Names: namesOf(container, truncate),
    Image: imageOf(container, truncate),
    Command: JSON.stringify(command),
    CreatedAt: formatGoTime(container.Created * 1000),
    RunningFor: `${formatDuration(now / 1000 - container.Created)} ago`,
    Ports: formatPorts(container.Ports ?? []),
    State: container.State,
    Status: container.Status,
    Size: sizeOf(container),
    Labels: formatLabels(container.Labels),
    Label: labelField(container.Labels),
    Mounts: mounts.map((mount) => (truncate ? ellipsis(mount, MOUNT_WIDTH) : mount)).join(','),
    LocalVolumes: String((container.Mounts ?? []).filter(({ Driver }) => Driver === 'local').length),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
    Platform: '',
  };
}

/** Names without their slash; links (`/other/alias`) are left out when shortening. */
function namesOf({ Names }: ContainerSummary, truncate: boolean): string {
  const names = (Names ?? []).map((name) => name.replace(/^\//, ''));
  return (truncate ? names.filter((name) => !name.includes('/')) : names).join(',');
}

function imageOf({ Image, ImageID }: ContainerSummary, truncate: boolean): string {
  if (Image === '') return '<no image>';
  if (!truncate) return Image;
  if (shortId(Image) === shortId(ImageID)) return shortId(Image);
  try {
    const { digest: _, ...reference } = parseReference(Image);
    return familiarString(reference);
  } catch {
    return Image;
  }
}

function sizeOf({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = formatBytes(SizeRw);
  return SizeRootFs > 0 ? `${own} (virtual ${formatBytes(SizeRootFs)})` : own;
}
