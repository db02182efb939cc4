import type { ImageConfig, ImageRunConfig, Platform } from '../../api/oci-image.ts';
import type { BaseImage } from '../worker.ts';
import type { StageBase } from './draft.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The start of a stage: an image's files and configuration, with a default PATH if it has none. */
export function stageBase(image: BaseImage): StageBase {
  const { config } = image;
  return {
    operation: { kind: 'image', layers: image.layers, id: image.id },
    image: {
      run: withPath(config.config ?? {}),
      architecture: config.architecture,
      os: config.os,
      ...(config.author === undefined ? {} : { author: config.author }),
      ...(config.variant === undefined ? {} : { variant: config.variant }),
      ...(config['os.version'] === undefined ? {} : { 'os.version': config['os.version'] }),
    },
    history: fittingHistory(config),
  };
}

/** `FROM scratch` */
export function scratchBase(platform: Platform): StageBase {
  return {
    operation: { kind: 'image', layers: [] },
    image: {
      run: withPath({ WorkingDir: '/' }),
      architecture: platform.architecture,
      os: platform.os,
      ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    },
    history: [],
  };
}

function withPath(run: ImageRunConfig): ImageRunConfig {
  const env = run.Env ?? [];
  return env.some((entry) => entry.startsWith('PATH=')) ? run : { ...run, Env: [...env, DEFAULT_PATH] };
}

/** Completes a history that has fewer entries than layers (flat imports), because each layer needs one. */
function fittingHistory(config: ImageConfig): StageBase['history'] {
  const history = config.history ?? [];
  const missing = config.rootfs.diff_ids.length - history.filter((entry) => !entry.empty_layer).length;
  if (missing < 0) return config.rootfs.diff_ids.map(() => ({ comment: 'base image layer' }));
  return [...Array.from({ length: missing }, () => ({ comment: 'base image layer' })), ...history];
}
