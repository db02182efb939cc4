import type { Image } from '../../image/images.ts';
import type { EventBus } from '../events.ts';

/**
 * Reports an image event with docker's attributes: the image's labels and the name that it is about.
 * @param actor the event's actor where it is not the image's id: the reference that was pulled or pushed.
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
