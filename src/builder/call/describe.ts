import type { BuildDescription } from '../../api/build-events.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { Dockerfile, Stage } from '../parse/dockerfile.ts';
import type { Arg, Run } from '../parse/instruction.ts';
import { hostPlatform, platformArgs } from '../plan/platform.ts';
import { BuildArgs, GlobalScope } from '../plan/scope.ts';
import { type StageEntry, StageTable } from '../plan/stages.ts';
import type { BuildRequest } from '../request.ts';

/** The result of `--call=outline` and `--call=targets` for a Dockerfile. @throws BargeError, DockerfileError. */
export function describeDockerfile(dockerfile: Dockerfile, request: BuildRequest): BuildDescription {
  const given = new BuildArgs(request.buildArgs ?? {});
  const globals = new GlobalScope(builtIn(request), dockerfile.directives.escape);
  for (const arg of dockerfile.globalArgs) globals.declare(arg, given);
  const table = new StageTable(dockerfile, globals);
  return request.call === 'targets'
    ? { call: 'targets', targets: table.entries.map((entry) => targetOf(dockerfile, table, entry)) }
    : outlineOf(dockerfile, table, request, { globals, given });
}

function builtIn({ platforms = [] }: BuildRequest): Record<string, string> {
  const host = hostPlatform();
  if (platforms.length > 1) throw invalidParameter('name only one platform to evaluate a Dockerfile');
  return platformArgs(host, host, '');
}

function targetOf(dockerfile: Dockerfile, table: StageTable, entry: StageEntry) {
  const { from } = entry.stage;
  const description = commentAbove(dockerfile, from.span.line, from.name ?? '');
  return {
    name: from.name ?? '',
    default: entry === table.target(undefined),
    base: entry.image,
    ...(entry.platform ? { platform: entry.platform } : {}),
    ...(description ? { description } : {}),
  };
}

interface Scope {
  readonly globals: GlobalScope;
  readonly given: BuildArgs;
}

function outlineOf(
  dockerfile: Dockerfile,
  table: StageTable,
  request: BuildRequest,
  scope: Scope,
): BuildDescription {
  const target = table.target(request.target);
  const stages = neededStages(table, target);
  const runs = stages
    .flatMap(({ stage }) => stage.instructions)
    .filter((one): one is RunLine => one.verb === 'RUN');
  const mounts = runs.flatMap(({ mounts }) => mounts.map((text) => new Map(text.split(',').map(pairOf))));
  const of = (type: string) => mounts.filter((fields) => fields.get('type') === type);
  const description = commentAbove(dockerfile, target.stage.from.span.line, target.stage.from.name ?? '');
  return {
    call: 'outline',
    name: target.stage.from.name ?? '',
    ...(description ? { description } : {}),
    args: argsOf(dockerfile, stages, scope),
    secrets: namesOf(of('secret'), (fields) => fields.get('id') ?? fields.get('target')?.split('/').at(-1)),
    ssh: namesOf(of('ssh'), (fields) => fields.get('id') ?? 'default'),
    cache: of('cache').map((fields) => ({ id: fields.get('id') ?? fields.get('target') ?? '' })),
  };
}

type RunLine = Stage['instructions'][number] & Run;

function pairOf(part: string): [string, string] {
  const equals = part.indexOf('=');
  return equals === -1 ? [part, 'true'] : [part.slice(0, equals), part.slice(equals + 1)];
}

function namesOf(
  mounts: readonly ReadonlyMap<string, string>[],
  nameOf: (fields: ReadonlyMap<string, string>) => string | undefined,
) {
  const names = new Map<string, boolean>();
  for (const fields of mounts) {
    const name = nameOf(fields) ?? '';
    names.set(name, names.get(name) === true || fields.get('required') === 'true');
  }
  return [...names].map(([name, required]) => ({ name, required }));
}

/** The declared arguments above FROM, then those of the stages. */
function argsOf(dockerfile: Dockerfile, stages: readonly StageEntry[], { globals, given }: Scope) {
  const own = stages
    .flatMap(({ stage }) => stage.instructions)
    .filter((one): one is ArgLine => one.verb === 'ARG');
  const found = new Map<string, { name: string; value?: string; description?: string }>();
  for (const { args, span } of [...dockerfile.globalArgs, ...own]) {
    for (const { key, value } of args) {
      if (found.has(key)) continue;
      const known = given.take(key) ?? value ?? globals.get(key);
      const description = commentAbove(dockerfile, span.line, key);
      const more = {
        ...(known === undefined ? {} : { value: known }),
        ...(description ? { description } : {}),
      };
      found.set(key, { name: key, ...more });
    }
  }
  return [...found.values()];
}

type ArgLine = Stage['instructions'][number] & Arg;

/** The target and the stages that it is based on or copies from, as far as their names are known. */
function neededStages(table: StageTable, target: StageEntry): StageEntry[] {
  const needed = new Set<StageEntry>();
  const visit = (entry: StageEntry): void => {
    if (needed.has(entry)) return;
    needed.add(entry);
    if (entry.parent) visit(entry.parent);
    for (const one of entry.stage.instructions) {
      const names = one.verb === 'COPY' && one.from !== undefined ? [one.from] : [];
      const mounted =
        one.verb === 'RUN' ? one.mounts.map((text) => /(?:^|,)from=([^,]+)/.exec(text)?.[1]) : [];
      for (const name of [...names, ...mounted]) {
        const source = name === undefined ? undefined : table.source(name, entry, one.span);
        if (source) visit(source);
      }
    }
  };
  visit(target);
  return [...needed].sort((a, b) => a.index - b.index);
}

/** The text after the name in the comment above an instruction. */
function commentAbove({ source }: Dockerfile, line: number, name: string): string | undefined {
  const words: string[] = [];
  for (let at = line - 2; at >= 0; at--) {
    const [, text] = /^\s*#\s?(.*)$/.exec(source.lines[at] ?? '') ?? [];
    if (text === undefined) break;
    words.unshift(text.trim());
  }
  const first = words.findIndex((text) => text.toLowerCase().startsWith(`${name.toLowerCase()} `));
  return name === '' || first === -1 ? undefined : words.slice(first).join(' ').slice(name.length).trim();
}
