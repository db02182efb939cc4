import type { ResolvedMount } from '../../container/model.ts';
import type { ContainerStore } from '../../container/store.ts';
import { invalidParameter, isKind } from '../../core/errors.ts';
import type { ImageStore } from '../../image/images.ts';
import type { FindImage, VolumeMount } from '../../volume/mounts.ts';
import { modeWords } from '../../volume/parse-bind.ts';

/** `--volumes-from CONTAINER[:MODE]`: the mounts of other containers, read-only where asked. */
export function inheritedMounts(
  ctx: { readonly containers: Pick<ContainerStore, 'find'> },
  from: readonly string[],
): VolumeMount[] {
  const found = from.flatMap((text) => {
    const [ref = '', mode = ''] = text.split(/:(.*)/s);
    if (!ref) throw invalidParameter(`invalid volumes-from specification: '${text}'`);
    const words = modeWords(mode);
    if (words.has('copy')) throw invalidParameter(`invalid mode: ${mode}`);
    const { definition } = otherwiseInvalid(() => ctx.containers.find(ref));
    return definition.mounts
      .filter(({ unlisted }) => !unlisted)
      .map(
        ({ copyUp, remakesSource, ...mount }): VolumeMount => inherited(mount, words.get('access') === 'ro'),
      );
  });
  /* Of two mounts at one destination the later one wins. */
  return [...new Map(found.map((mount) => [mount.Destination, mount])).values()];
}

/** Clients take `not found` for a missing image of the container: they would pull it and try again. */
function otherwiseInvalid<T>(find: () => T): T {
  try {
    return find();
  } catch (cause) {
    throw isKind(cause, 'not-found') ? invalidParameter(cause.message, { cause }) : cause;
  }
}

function inherited(mount: Omit<ResolvedMount, 'copyUp'>, readOnly: boolean): VolumeMount {
  return { ...mount, RW: mount.RW && !readOnly };
}

/** An image that is mounted. @throws BargeError invalid-parameter. */
export function imageLayers(
  ctx: { readonly images: Pick<ImageStore, 'find'> },
  name: string,
): ReturnType<FindImage> {
  const { id, config } = otherwiseInvalid(() => ctx.images.find(name));
  return { id, layers: config.rootfs.diff_ids };
}
