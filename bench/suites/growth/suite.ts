import { growthExponent } from '../../measure/power-law.ts';
import type { Curve, Point, Section, Suite, Workshop } from '../suite.ts';
import { containerCurves } from './containers.ts';
import { fileCurves } from './files.ts';
import { layerCurves } from './layers.ts';
import { tagCurves } from './tags.ts';

/** How Barge's costs grow with the number of objects. Peers are not measured. */
export const growthSuite: Suite = { name: 'growth', effort: { warmup: 0, runs: 3 }, measure };

/** The result of one measurement: the points of its curves, by label. */
export interface Growth {
  readonly label: string;
  readonly unit: string;
  readonly points: readonly Point[];
}

/** Above this, which allows for noise, growth counts as worse than linear. */
const LINEAR = 1.1;

const MEASUREMENTS = [containerCurves, layerCurves, fileCurves, tagCurves];

async function measure(workshop: Workshop): Promise<readonly Section[]> {
  const grown: Growth[] = [];
  for (const curves of MEASUREMENTS) {
    workshop.noise.calibrate();
    grown.push(...(await curves(workshop)));
  }
  const curves = grown.map((growth): Curve => ({ ...growth, exponent: growthExponent(growth.points) }));
  const bad = curves.filter(({ exponent }) => exponent > LINEAR).map(({ label }) => label);
  return [
    {
      name: 'growth',
      title: 'How cost grows, of Barge alone',
      rows: [],
      curves,
      notes: [
        `Exponent: of the power law that fits the upper half of the points. Up to ${LINEAR} counts as linear.`,
        bad.length === 0 ? 'Nothing grows faster than that.' : `Faster than that grow: ${bad.join('; ')}.`,
      ],
    },
  ];
}
