import type { Platform } from '../oci-image.ts';

/** Builds in the Engine API; units as in `system.ts`. */

export interface BuildQuery {
  readonly t?: readonly string[];
  readonly dockerfile?: string;
  readonly target?: string;
  readonly buildargs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly nocache?: boolean;
  readonly pull?: boolean;
  readonly platform?: Platform;
}
