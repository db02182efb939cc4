import type { ContainerSummary } from '../../api/engine.ts';
import { statusWords } from '../../container/life/shown.ts';
import { attachmentOf, healthOf } from '../../container/life/state.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { Digest } from '../../core/digest.ts';
import { BargeError } from '../../core/errors.ts';
import type { ImageStore } from '../../image/images.ts';
import { networksOf, portSummaries } from '../networking/network-settings.ts';
import { mountPoints } from './inspect.ts';

/** How a list names the images of containers; looks every name up once. */
export class ImageNamer {
  readonly #images: ImageStore;
  readonly #ids = new Map<string, Digest | undefined>();

  constructor(images: ImageStore) {
    this.#images = images;
  }

  /** The name that the user gave, while it still means the container's image; else the image's id. */
  nameOf({ imageName, imageId }: ContainerDefinition): string {
    if (!this.#ids.has(imageName)) this.#ids.set(imageName, this.#idOf(imageName));
    return !imageId || this.#ids.get(imageName) === imageId ? imageName : imageId;
  }

  #idOf(name: string): Digest | undefined {
    try {
      return this.#images.find(name).id;
    } catch (error) {
      if (error instanceof BargeError) return undefined;
      throw error;
    }
  }
}

/** One row of `ps`. @param linked further names, by id. */
export function summarize(
  container: Container,
  images: ImageNamer,
  linked: ReadonlyMap<string, readonly string[]>,
): ContainerSummary {
  const { definition, state } = container;
  const { config, hostConfig } = definition;
  const { Annotations: annotations } = hostConfig;
  const health = healthOf(state);
  return {
    Id: definition.id,
    Names: [`/${definition.name}`, ...(linked.get(definition.id) ?? [])],
    Image: images.nameOf(definition),
    ImageID: definition.imageId,
    Command: commandText(definition),
    Created: Math.floor(definition.createdAt / 1000),
    Ports: portSummaries(attachmentOf(state)?.ports ?? {}),
    Labels: config.Labels ?? {},
    State: state.status,
    Status: statusWords(state),
    Health: { Status: health?.Status ?? 'none', FailingStreak: health?.FailingStreak ?? 0 },
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? 'bridge',
      ...(annotations && Object.keys(annotations).length > 0 ? { Annotations: annotations } : {}),
    },
    NetworkSettings: { Networks: networksOf(container) },
    Mounts: mountPoints(definition),
  };
}

/** Arguments with blanks stand in quotes. */
function commandText({ config }: ContainerDefinition): string {
  const [path = '', ...args] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  return [path, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}
