import type { ContainerDefinition } from '../../container/model.ts';
import type { Digest } from '../../core/digest.ts';
import { BargeError } from '../../core/errors.ts';
import type { ImageStore } from '../../image/images.ts';

/** How a list names the images of containers; looks every name up once. */
export class ImageNamer {
  readonly #images: Pick<ImageStore, 'find'>;
  readonly #ids = new Map<string, Digest | undefined>();

  constructor(images: Pick<ImageStore, 'find'>) {
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
