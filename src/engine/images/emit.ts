import type { Image } from '../../image/images.ts';
import type { EventBus } from '../events.ts';

/**
 * Reports an image event with the attributes that docker's have: the image's labels and the name that it is about.
 * @param actor what the event is of where that is not the image's id: the reference that was pulled or pushed.
 */
export function emitImage(
  ctx: { readonly events: Pick<EventBus, 'emit'> },
  { id, config }: Pick<Image, 'id' | 'config'>,
  action: string,
  name: string,
  actor: string = id,
): void {
  const attributes = { ...config.config?.Labels, ...(name ? { name } : {}) };
  ctx.events.emit('image', action, actor, attributes);
}
