import { hostname } from 'node:os';
import type { OciRuntime } from '../host/runtimes.ts';
import type { Engine } from './engine.ts';
import type { EventBus } from './events.ts';
import { engineId } from './info.ts';

interface ReloadContext extends Pick<Engine, 'dataRoot' | 'settings'> {
  readonly events: Pick<EventBus, 'emit'>;
  readonly runtime: Pick<OciRuntime, 'name'>;
}

/** Reports a reload of the settings as an event of the daemon, with their values from now on. */
export function noteReload(ctx: ReloadContext): void {
  const { settings } = ctx;
  ctx.events.emit('daemon', 'reload', engineId(ctx), {
    name: hostname(),
    debug: `${settings.debug}`,
    labels: JSON.stringify(settings.labels),
    'insecure-registries': JSON.stringify(settings.insecureRegistries),
    'registry-mirrors': JSON.stringify(settings.mirrors),
    'max-concurrent-downloads': `${settings.maxConcurrentDownloads}`,
    'max-concurrent-uploads': `${settings.maxConcurrentUploads}`,
    'max-download-attempts': `${settings.maxDownloadAttempts}`,
    'default-runtime': ctx.runtime.name,
    runtimes: Object.keys(settings.defaults.runtimes).join(' '),
    'live-restore': 'true',
  });
}
