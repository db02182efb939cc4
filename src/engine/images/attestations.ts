import type { Descriptor, Platform } from '../../api/oci-image.ts';
import { statementsOf } from '../../image/attestations.ts';
import type { ImageContext } from './context.ts';
import { isIdOf, referenceOf } from './names.ts';
import { imageFor } from './platforms.ts';

interface AttestationStatement {
  readonly Descriptor: Descriptor;
  readonly PredicateType: string;
  readonly Statement?: unknown;
}

interface AttestationQuery {
  readonly platform: Platform | undefined;
  /** Absent: all platforms. */
  readonly types: readonly string[];
  readonly statements: boolean;
}

/** The attestations of an image from its build, as pulled from its registry. @throws BargeError not-found. */
export function listAttestations(
  ctx: ImageContext,
  ref: string,
  { platform, types, statements }: AttestationQuery,
): AttestationStatement[] {
  const image = imageFor(ctx, ref, platform ? [platform] : []);
  const reference = isIdOf(image, ref) ? undefined : referenceOf(ref);
  const top = reference?.tag ? ctx.images.target(reference) : undefined;
  return statementsOf(ctx.images, image.id, top)
    .filter(({ predicateType }) => types.length === 0 || types.includes(predicateType))
    .map(({ descriptor, predicateType, bytes }) => ({
      Descriptor: descriptor,
      PredicateType: predicateType,
      ...(statements && bytes ? { Statement: JSON.parse(Buffer.from(bytes).toString()) } : {}),
    }));
}
