import type { CopyOperation, Plan, Step } from '../plan/graph.ts';
import { formatPlatform, hostPlatform } from '../plan/platform.ts';
import type { BuildRun } from '../run.ts';
import type { Predicate } from '../worker.ts';
import type { ProvenanceOptions } from './options.ts';

/** Identifies to verifiers how to interpret the parameters. */
const BUILD_TYPE = 'urn:barge:dockerfile:v1';

type Digests = Readonly<Record<string, string>>;

interface Material {
  readonly uri: string;
  readonly digest?: Digests;
}

/** SLSA provenance: the materials of an image and how it was built (slsa.dev/provenance v0.2 and v1). */
export function provenanceOf(run: BuildRun, plan: Plan, options: ProvenanceOptions): Predicate {
  const parameters = parametersOf(run, options);
  const times = { began: run.began.toISOString(), ended: run.now().toISOString() };
  const common = { run, plan, options, parameters, times, materials: materialsOf(plan) };
  return options.version === 'v1'
    ? { type: 'https://slsa.dev/provenance/v1', content: version1(common) }
    : { type: 'https://slsa.dev/provenance/v0.2', content: version02(common) };
}

interface Facts {
  readonly run: BuildRun;
  readonly plan: Plan;
  readonly options: ProvenanceOptions;
  readonly parameters: object;
  readonly times: { readonly began: string; readonly ended: string };
  readonly materials: readonly Material[];
}

function version02({ run, plan, options, parameters, times, materials }: Facts): object {
  const isMax = options.mode === 'max';
  return {
    builder: { id: options.builderId },
    buildType: BUILD_TYPE,
    materials,
    invocation: {
      configSource: { entryPoint: run.dockerfile.source.name },
      parameters,
      environment: { platform: formatPlatform(hostPlatform()) },
    },
    ...(isMax ? { buildConfig: { steps: plan.steps.map(stepText) } } : {}),
    metadata: {
      buildStartedOn: times.began,
      buildFinishedOn: times.ended,
      completeness: { parameters: isMax, environment: true, materials: false },
      reproducible: options.reproducible,
      ...(isMax ? { [`${BUILD_TYPE}#source`]: sourceOf(run) } : {}),
    },
  };
}

function version1({ run, plan, options, parameters, times, materials }: Facts): object {
  const isMax = options.mode === 'max';
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: { configSource: { path: run.dockerfile.source.name }, request: parameters },
      internalParameters: {
        builderPlatform: formatPlatform(hostPlatform()),
        ...(isMax ? { buildConfig: { steps: plan.steps.map(stepText) }, source: sourceOf(run) } : {}),
      },
      resolvedDependencies: materials,
    },
    runDetails: {
      builder: { id: options.builderId },
      metadata: {
        startedOn: times.began,
        finishedOn: times.ended,
        reproducible: options.reproducible,
      },
    },
  };
}

/** Values of arguments may be secret, so `min` includes only their names. */
function parametersOf({ request }: BuildRun, { mode }: ProvenanceOptions): object {
  const { buildArgs = {}, labels = {}, target, noCache, secrets, agents } = request;
  const args: Record<string, string> = {};
  if (target) args.target = target;
  if (noCache) args['no-cache'] = '';
  if (mode === 'max') {
    for (const [name, value] of Object.entries(buildArgs)) args[`build-arg:${name}`] = value ?? '';
    for (const [name, value] of Object.entries(labels)) args[`label:${name}`] = value;
  }
  return {
    frontend: 'dockerfile.v0',
    args,
    ...(mode === 'min' && Object.keys(buildArgs).length > 0 ? { argNames: Object.keys(buildArgs) } : {}),
    ...(secrets?.size ? { secrets: [...secrets.keys()].map((id) => ({ id })) } : {}),
    ...(agents?.size ? { ssh: [...agents.keys()].map((id) => ({ id })) } : {}),
    locals: [{ name: 'context' }, { name: 'dockerfile' }],
  };
}

const stepText = ({ stage, text, number }: Step) => ({ id: `step${number}`, stage, instruction: text });

function sourceOf({ dockerfile }: BuildRun): object {
  const text = `${dockerfile.source.lines.join('\n')}\n`;
  return { filename: dockerfile.source.name, data: Buffer.from(text).toString('base64') };
}

function materialsOf(plan: Plan): Material[] {
  const images = plan.images.map(({ reference, platform, id, digest }) => {
    const query = platform === undefined ? '' : `?platform=${encodeURIComponent(platform)}`;
    return { uri: packageUri(reference, query), digest: digests(digest ?? id) };
  });
  const copies = plan.steps
    .map(({ operation }) => operation)
    .filter((operation): operation is CopyOperation => operation.kind === 'copy');
  const files = copies.flatMap(({ downloads }) =>
    downloads.map(({ url, checksum }) => ({ uri: url, ...(checksum ? { digest: digests(checksum) } : {}) })),
  );
  const repositories = copies.flatMap((copy) =>
    copy.repositories.map(({ url, ref, checksum }) => ({
      uri: ref === undefined ? url : `${url}#${ref}`,
      ...(checksum ? { digest: { sha1: checksum } } : {}),
    })),
  );
  const all = [...images, ...files, ...repositories];
  return [...new Map(all.map((material) => [JSON.stringify(material), material])).values()];
}

/** A registry's image as a package-url. */
export function packageUri(reference: string, query = ''): string {
  const [name = '', version] = /^(.*?)(?:[:@]([^/]+))?$/.exec(reference)?.slice(1) ?? [];
  return `pkg:docker/${name}${version ? `@${version}` : ''}${query}`;
}

function digests(text: string): Digests {
  const colon = text.indexOf(':');
  return { [text.slice(0, colon)]: text.slice(colon + 1) };
}
