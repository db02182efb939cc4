import type { ContainerStore } from '../../container/store.ts';
import type { ImageStore } from '../../image/images.ts';
import type { LayerStore } from '../../image/layers.ts';
import type { BlobStore } from '../../store/blobs.ts';
import type { Database } from '../../store/database.ts';
import type { EventBus } from '../events.ts';

/** How the daemon was told to treat registries. */
export interface RegistrySettings {
  /** Hosts or CIDR blocks that may be spoken to without verified TLS. */
  readonly insecure: readonly string[];
}

/** What the use cases of images work with. */
export interface ImageContext {
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  readonly containers: ContainerStore;
  readonly db: Database;
  readonly events: EventBus;
  readonly registries: RegistrySettings;
}
