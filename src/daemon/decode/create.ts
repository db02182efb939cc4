import type { ContainerCreateRequest } from '../../api/engine/containers.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { ContainerDescription, CreateRequest, Surroundings } from '../../engine/lifecycle/create.ts';
import { checkConfig } from './check-config.ts';
import { checkHostConfig } from './check-host-config.ts';
import { specOf } from './container-spec.ts';
import { mergeConfig, requestedEndpoints, withDefaults } from './merge-config.ts';
import { mountsOf } from './mounts.ts';

/**
 * The body of `POST /containers/create`, already as its version of the API means it. What the image and the daemon's
 * settings decide is filled in by `describe`, which the engine calls once it has found the image.
 * @throws BargeError invalid-parameter for a body without an image; `describe` for what no container can have.
 */
export function createRequest(
  body: ContainerCreateRequest,
  named: { readonly name: string; readonly platform: string },
): CreateRequest {
  if (!body.Image) throw invalidParameter('config cannot be empty in order to create a container');
  return { ...named, image: body.Image, describe: (around) => describe(body, around) };
}

function describe(
  { HostConfig: options = {}, NetworkingConfig: networking = {}, ...own }: ContainerCreateRequest,
  around: Surroundings,
): ContainerDescription {
  checkConfig(own);
  const warnings = checkHostConfig(own, options);
  const host = withDefaults(options, around);
  const config = mergeConfig(own, around.image, around.id, host);
  const endpoints = requestedEndpoints(options, networking.EndpointsConfig ?? {});
  return {
    spec: specOf({ config, host, endpoints }),
    mounts: {
      mounts: mountsOf(host),
      volumesFrom: host.VolumesFrom ?? [],
      declared: Object.keys(config.Volumes ?? {}),
    },
    storageOptions: host.StorageOpt ?? {},
    warnings,
  };
}
