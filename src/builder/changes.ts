import type { ImageRunConfig } from '../api/oci-image.ts';
import { invalidParameter } from '../core/errors.ts';
import { parseDockerfile } from './parse/dockerfile.ts';
import { applyInstruction } from './plan/apply.ts';
import { type PlanContext, StageDraft } from './plan/draft.ts';
import { BuildArgs, GlobalScope, StageScope } from './plan/scope.ts';
import { StageTable } from './plan/stages.ts';

/** The instructions that change an image's configuration but not its files. */
const ALLOWED = new Set([
  'CMD',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'HEALTHCHECK',
  'LABEL',
  'ONBUILD',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
]);

/**
 * Applies Dockerfile instructions to a configuration, as `commit --change` and `import --change` do.
 * @param changes one or more instructions each, one per line.
 * @throws BargeError invalid-parameter for malformed instructions and for those that are not allowed.
 */
export async function applyChanges(
  config: ImageRunConfig,
  changes: readonly string[],
): Promise<ImageRunConfig> {
  if (changes.every((change) => change.trim() === '')) return config;
  const dockerfile = parseDockerfile(`FROM scratch\n${changes.join('\n')}\n`, 'change');
  const globals = new GlobalScope({}, '\\');
  const [, second] = dockerfile.stages;
  if (second) throw invalidParameter('FROM is not a valid change command');
  const entry = new StageTable(dockerfile, globals).target(undefined);
  const context: PlanContext = {
    source: dockerfile.source,
    globals,
    buildArgs: new BuildArgs({}),
    network: 'none',
    entitlements: [],
    platformLabel: undefined,
    originOf: (reference) => {
      throw invalidParameter(`a change cannot copy files from ${reference}`);
    },
  };
  const image = { run: config, architecture: '', os: 'linux' };
  const base = { operation: { kind: 'image', layers: [] } as const, image, history: [] };
  const draft = new StageDraft(context, entry, new StageScope(config.Env ?? [], [], '\\'), base);
  for (const instruction of entry.stage.instructions) {
    if (!ALLOWED.has(instruction.verb)) {
      throw invalidParameter(`${instruction.verb} is not a valid change command`);
    }
    await applyInstruction(draft, instruction);
  }
  return draft.image.run;
}
