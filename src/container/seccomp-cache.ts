import { readFileSync } from 'node:fs';
import type { OciSeccomp, OciSpec } from '../api/oci-runtime.ts';
import { errnoOf } from '../core/errors.ts';

/** crun takes a compiled filter, as base64, in place of a profile. */
const ANNOTATION = 'run.oci.seccomp_bpf_data';

/**
 * Filters that crun compiled once and takes back ready-made: compiling the default profile is more than half
 * of the time of a start (13 of 23 ms). Kept by profile; the default one is one object per set of capabilities.
 */
export class SeccompCache {
  readonly #filters = new WeakMap<OciSeccomp, string>();

  /** The description with the compiled filter in the profile's place, once there is one. */
  apply(spec: OciSpec): OciSpec {
    const { seccomp, ...linux } = spec.linux;
    const filter = seccomp && this.#filters.get(seccomp);
    if (!filter) return spec;
    return { ...spec, linux, annotations: { ...spec.annotations, [ANNOTATION]: filter } };
  }

  has(seccomp: OciSeccomp | undefined): boolean {
    return !seccomp || this.#filters.has(seccomp);
  }

  /** Takes the filter that crun left beside a started container's state; it may be gone with the container. */
  learn(seccomp: OciSeccomp, path: string): void {
    try {
      this.#filters.set(seccomp, readFileSync(path).toString('base64'));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}
