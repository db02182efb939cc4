import type { ContainerStore } from '../../container/store.ts';
import type { Limiter } from '../../core/limiter.ts';
import type { Host } from '../../host/host.ts';
import type { ImageStore } from '../../image/images.ts';
import type { LayerStore } from '../../image/layers.ts';
import type { BlobStore } from '../../store/blobs.ts';
import type { Database } from '../../store/database.ts';
import type { EventBus } from '../events.ts';

/** The daemon's settings for registries. */
export interface RegistrySettings {
  /** Hosts or CIDR blocks that may be used without verified TLS. */
  readonly insecure: readonly string[];
  /** Tried before Docker Hub, in this order. */
  readonly mirrors: readonly string[];
  /** Number of attempts at transfers that fail temporarily. */
  readonly maxTries: number;
}

/** The dependencies of the image use cases. */
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
