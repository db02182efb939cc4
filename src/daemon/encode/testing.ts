import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  ContainerCreateRequest,
  ContainerInspect,
  ContainerSummary,
} from '../../api/engine/containers.ts';
import type { ImageRunConfig } from '../../api/oci-image.ts';
import type { UpdateRequest } from '../decode/update.ts';
import type { FirstFormat } from '../decode/upgrade.ts';

/** A container of `testdata/bodies.json`. */
export interface BodyCase {
  readonly name: string;
  /** Default: `busybox`. */
  readonly image?: string;
  /** Of the API. */
  readonly version?: string;
  readonly body: ContainerCreateRequest;
  readonly update?: UpdateRequest;
  /** What becomes of it depends on the kernel, or on networks of the daemon that recorded it. */
  readonly hostDependent?: boolean;
}

/** What the last daemon without `ContainerSpec` stored and answered for a body, on a host with cgroup v1. */
export interface RecordedCase {
  readonly name: string;
  readonly definition: FirstFormat;
  readonly imageConfig: ImageRunConfig;
  readonly inspect: Omit<ContainerInspect, 'GraphDriver'>;
  readonly list: ContainerSummary;
}

const read = (file: string) => JSON.parse(readFileSync(join(import.meta.dirname, 'testdata', file), 'utf8'));

export const bodyCases = (): BodyCase[] => read('bodies.json');
export const recordedCases = (): RecordedCase[] => read('recorded.json');
