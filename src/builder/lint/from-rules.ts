import { parseReference } from '../../core/reference.ts';
import type { Stage } from '../parse/dockerfile.ts';
import { hostPlatform, platformArgs } from '../plan/platform.ts';
import { BuildArgs, GlobalScope } from '../plan/scope.ts';
import type { LintContext, Report } from './lint.ts';

const RESERVED = ['scratch', 'context'];

export function lintStageNames({ dockerfile }: LintContext, report: Report): void {
  const seen = new Set<string>();
  for (const { from } of dockerfile.stages) {
    const [, keyword, written] = /\s(as)\s+(\S+)\s*$/i.exec(from.text) ?? [];
    if (from.name === undefined || keyword === undefined || written === undefined) continue;
    if (written !== written.toLowerCase()) {
      report('StageNameCasing', from.span, `Stage name '${written}' should be lowercase`);
    }
    const verb = from.text.slice(0, 'FROM'.length);
    if ((verb === 'FROM') !== (keyword === 'AS')) {
      report('FromAsCasing', from.span, `'${keyword}' and '${verb}' keywords' casing do not match`);
    }
    if (RESERVED.includes(from.name)) {
      report(
        'ReservedStageName',
        from.span,
        `Stage name should not use the same name as reserved stage "${from.name}"`,
      );
    }
    if (seen.has(from.name)) {
      report(
        'DuplicateStageName',
        from.span,
        `Duplicate stage name "${from.name}", stage names should be unique`,
      );
    }
    seen.add(from.name);
  }
}

/** Rules about base images and platforms. */
export function lintFrom(context: LintContext, report: Report): void {
  const { dockerfile } = context;
  const builtIn = platformArgs(hostPlatform(), hostPlatform(), '');
  const declared = new Set([
    ...Object.keys(builtIn),
    ...dockerfile.globalArgs.flatMap(({ args }) => args.map(({ key }) => key)),
  ]);
  const names = new Set(dockerfile.stages.map(({ from }) => from.name));
  for (const stage of dockerfile.stages) {
    const { from } = stage;
    for (const name of variablesOf(`${from.image} ${from.platform ?? ''}`)) {
      if (!declared.has(name))
        report('UndefinedArgInFrom', from.span, `FROM argument '${name}' is not declared`);
    }
    lintPlatform(stage, names, report);
    lintDefault(context, stage, builtIn, report);
  }
}

function lintPlatform({ from }: Stage, names: ReadonlySet<string | undefined>, report: Report): void {
  const { platform, name } = from;
  if (platform === undefined) return;
  if (/^\$\{?TARGETPLATFORM\}?$/.test(platform)) {
    const rule = 'in FROM is redundant as this is the default behavior';
    report('RedundantTargetPlatform', from.span, `Setting platform to predefined ${platform} ${rule}`);
  } else if (
    !platform.includes('$') &&
    !(name && names.has(name) && name.includes(platform.split('/')[1] ?? '?'))
  ) {
    const detail = `FROM --platform flag should not use constant value "${platform}"`;
    report('FromPlatformFlagConstDisallowed', from.span, detail);
  }
}

/** The image's name with nothing given: what somebody gets who just builds. */
function lintDefault(
  { dockerfile }: LintContext,
  { from }: Stage,
  builtIn: Readonly<Record<string, string>>,
  report: Report,
): void {
  if (!from.image.includes('$')) return;
  const scope = new GlobalScope(builtIn, dockerfile.directives.escape);
  try {
    for (const arg of dockerfile.globalArgs) scope.declare(arg, new BuildArgs({}));
    parseReference(scope.expand(from.image));
  } catch {
    const detail = `Default value for ARG ${from.image} results in empty or invalid base image name`;
    report('InvalidDefaultArgInFrom', from.span, detail);
  }
}

/** Names of variables that have no default of their own. */
export function variablesOf(text: string): string[] {
  const shown = text.replace(/\\./g, '').replace(/'[^']*'/g, '');
  return [...shown.matchAll(/\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}
