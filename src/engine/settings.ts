import type { ContainerDefaults } from '../container/defaults.ts';
import { containerDefaults } from '../container/defaults.ts';
import { checkLog } from '../container/log/drivers.ts';
import { customSeccomp } from '../container/oci/seccomp.ts';

import type { BuilderSettings } from './builds/settings.ts';

export type { ContainerDefaults, RuntimeSetting } from '../container/defaults.ts';
export type { NetworkSettings } from '../network/settings.ts';

/** What of the daemon's settings may change while it runs. The engine reads it anew each time. */
export interface EngineSettings {
  debug: boolean;
  experimental: boolean;
  /** `key=value`, shown by `info`. */
  labels: readonly string[];
  insecureRegistries: readonly string[];
  mirrors: readonly string[];
  maxConcurrentDownloads: number;
  maxConcurrentUploads: number;
  maxDownloadAttempts: number;
  /** What bounds the build cache. */
  builder: BuilderSettings;
  defaults: ContainerDefaults;
}

export function engineSettings(settings: Partial<EngineSettings> = {}): EngineSettings {
  return {
    debug: false,
    experimental: false,
    labels: [],
    insecureRegistries: [],
    mirrors: [],
    maxConcurrentDownloads: 3,
    maxConcurrentUploads: 5,
    maxDownloadAttempts: 5,
    builder: {},
    ...settings,
    defaults: settings.defaults ?? containerDefaults(),
  };
}

/** @throws BargeError invalid-parameter for settings that no container could start with. */
export function checkedDefaults(settings: Partial<ContainerDefaults>): ContainerDefaults {
  const defaults = containerDefaults(settings);
  checkLog({ driver: defaults.logDriver, options: defaults.logOptions });
  if (defaults.seccomp && defaults.seccomp !== 'unconfined') customSeccomp(defaults.seccomp, []);
  return defaults;
}
