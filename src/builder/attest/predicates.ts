import type { Plan } from '../plan/graph.ts';
import type { BuildRun } from '../run.ts';
import type { Layers, Predicate } from '../worker.ts';
import { packagesOf } from './packages.ts';
import { provenanceOf } from './provenance.ts';
import { spdxDocument } from './spdx.ts';

/** The attestations of one image of a build. */
export async function predicatesOf(run: BuildRun, plan: Plan, layers: Layers): Promise<Predicate[]> {
  const { request, deps } = run;
  const { provenance, sbom } = request.attestations ?? {};
  const predicates: Predicate[] = [];
  if (provenance) predicates.push(provenanceOf(run, plan, provenance));
  if (sbom) {
    const packages = await deps.worker.withRootfs(layers, (root) => packagesOf(root, request.signal));
    predicates.push(spdxDocument(packages, run.now()));
  }
  return predicates;
}
