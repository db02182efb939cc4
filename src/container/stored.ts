import { systemError } from '../core/errors.ts';
import { containerSpec, DEFAULT_ENDPOINT, DEFAULT_SPEC, endpointSpec } from './default-spec.ts';
import type { ContainerDefinition } from './model.ts';
import { difference, type Parts } from './parts.ts';
import type { ContainerSpec } from './spec.ts';

/** Of the JSON in the column `definition`. Rows without one have Docker's own terms (`UpgradeDefinition`). */
const FORMAT = 2;

/** What a row holds of a definition: of its spec only what differs from the default. */
interface StoredDefinition extends Omit<ContainerDefinition, 'spec'> {
  readonly format: number;
  readonly spec: Parts<ContainerSpec>;
}

/** Makes a definition of a row's JSON that an earlier daemon has written, before formats had numbers. */
export type UpgradeDefinition = (row: unknown) => ContainerDefinition;

export function storedDefinition({ spec, ...definition }: ContainerDefinition): string {
  const { network, ...parts } = difference(spec, DEFAULT_SPEC);
  const endpoints = mapValues(spec.network.endpoints, (one) => difference(one, DEFAULT_ENDPOINT));
  const stored = {
    format: FORMAT,
    ...definition,
    spec: { ...parts, network: { ...network, endpoints } },
  };
  return JSON.stringify(stored);
}

/** @throws BargeError system for a row of a later daemon. */
export function readDefinition(text: string): ContainerDefinition {
  const { format, spec, ...definition }: StoredDefinition = JSON.parse(text);
  if (format !== FORMAT) {
    throw systemError(
      `the container ${definition.name} is stored in format ${format}, and this barged knows ${FORMAT}: start a later one`,
    );
  }
  const endpoints = mapValues(spec.network?.endpoints ?? {}, endpointSpec);
  const whole = containerSpec({ ...spec, network: { ...spec.network, endpoints } });
  return { ...definition, spec: whole };
}

const mapValues = <T, U>(map: Readonly<Record<string, T>>, make: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, make(value)]));
