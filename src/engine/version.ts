import { arch, release } from 'node:os';
import { API_VERSION, MIN_API_VERSION, type VersionInfo } from '../api/engine/system.ts';
import { ENGINE_VERSION, VERSION } from '../core/version.ts';
import type { OciRuntime, Runtimes } from '../host/runtimes.ts';
import type { EngineSettings } from './settings.ts';

const GO_ARCHITECTURE: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

interface VersionContext {
  readonly host: { readonly runtimes: Pick<Runtimes, 'version'> };
  readonly runtime: OciRuntime;
  readonly settings: Pick<EngineSettings, 'experimental'>;
}

/** The response of `GET /version`. */
export async function versionInfo(ctx: VersionContext): Promise<VersionInfo> {
  const os = 'linux';
  const architecture = GO_ARCHITECTURE[arch()] ?? arch();
  const details = {
    ApiVersion: API_VERSION,
    Arch: architecture,
    BuildTime: '',
    Experimental: `${ctx.settings.experimental}`,
    GitCommit: '',
    GoVersion: `node ${process.version}`,
    KernelVersion: release(),
    MinAPIVersion: MIN_API_VERSION,
    Os: os,
  };
  const { name } = ctx.runtime;
  return {
    Platform: { Name: `Barge ${VERSION}` },
    Components: [
      { Name: 'Engine', Version: ENGINE_VERSION, Details: details },
      { Name: name, Version: await ctx.host.runtimes.version(ctx.runtime), Details: {} },
      { Name: 'barge-init', Version: VERSION, Details: {} },
    ],
    Version: ENGINE_VERSION,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: '',
    GoVersion: `node ${process.version}`,
    Os: os,
    Arch: architecture,
    KernelVersion: release(),
    BuildTime: '',
  };
}
