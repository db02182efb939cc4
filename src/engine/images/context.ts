import type { ContainerStore } from '../../container/store.ts';
import type { Limiter } from '../../core/limiter.ts';
import type { Host } from '../../host/host.ts';
import type { ImageStore } from '../../image/images.ts';
import type { LayerStore } from '../../image/layers.ts';
import type { BlobStore } from '../../store/blobs.ts';
import type { Database } from '../../store/database.ts';
import type { EventBus } from '../events.ts';

/** How the daemon was told to treat registries. */
export interface RegistrySettings {
  /** Hosts or CIDR blocks that may be spoken to without verified TLS. */
  readonly insecure: readonly string[];
  /** Asked before Docker Hub, in this order. */
  readonly mirrors: readonly string[];
  /** How often what fails in passing is tried. */
  readonly maxTries: number;
}

/** What the use cases of images work with. */
export interface ImageContext {
  readonly host: Host;
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  readonly containers: ContainerStore;
  readonly db: Database;
  readonly events: EventBus;
  readonly registries: RegistrySettings;
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;
  readonly downloads: Limiter;
  readonly uploads: Limiter;
}
