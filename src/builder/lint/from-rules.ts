import { parseReference } from '../../core/reference.ts';
import type { Stage } from '../parse/dockerfile.ts';
import { hostPlatform, platformArgs } from '../plan/platform.ts';
import { BuildArgs, GlobalScope } from '../plan/scope.ts';
import type { LintContext, Report } from './context.ts';
import {
  DUPLICATE_STAGE_NAME,
  FROM_AS_CASING,
  FROM_PLATFORM_FLAG_CONST_DISALLOWED,
  INVALID_DEFAULT_ARG_IN_FROM,
  REDUNDANT_TARGET_PLATFORM,
  RESERVED_STAGE_NAME,
  STAGE_NAME_CASING,
  UNDEFINED_ARG_IN_FROM,
} from './rules.ts';

const RESERVED = ['scratch', 'context'];

export function lintStageNames({ dockerfile }: LintContext, report: Report): void {
  const seen = new Set<string>();
  for (const { from } of dockerfile.stages) {
    const [, keyword, written] = /\s(as)\s+(\S+)\s*$/i.exec(from.text) ?? [];
    if (from.name === undefined || keyword === undefined || written === undefined) continue;
    if (written !== written.toLowerCase()) {
      report(STAGE_NAME_CASING, from.span, written);
    }
    const verb = from.text.slice(0, 'FROM'.length);
    if ((verb === 'FROM') !== (keyword === 'AS')) {
      report(FROM_AS_CASING, from.span, keyword, verb);
    }
    if (RESERVED.includes(from.name)) {
      report(RESERVED_STAGE_NAME, from.span, from.name);
    }
    if (seen.has(from.name)) {
      report(DUPLICATE_STAGE_NAME, from.span, from.name);
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
      if (!declared.has(name)) report(UNDEFINED_ARG_IN_FROM, from.span, name);
    }
    lintPlatform(stage, names, report);
    lintDefault(context, stage, builtIn, report);
  }
}

function lintPlatform({ from }: Stage, names: ReadonlySet<string | undefined>, report: Report): void {
  const { platform, name } = from;
  if (platform === undefined) return;
  if (/^\$\{?TARGETPLATFORM\}?$/.test(platform)) {
    report(REDUNDANT_TARGET_PLATFORM, from.span, platform);
  } else if (
    !platform.includes('$') &&
    !(name && names.has(name) && name.includes(platform.split('/')[1] ?? '?'))
  ) {
    report(FROM_PLATFORM_FLAG_CONST_DISALLOWED, from.span, platform);
  }
}

/** The image's name without any build arguments. */
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
    report(INVALID_DEFAULT_ARG_IN_FROM, from.span, from.image);
  }
}

/** Names of variables without a default. */
export function variablesOf(text: string): string[] {
  const shown = text.replace(/\\./g, '').replace(/'[^']*'/g, '');
  return [...shown.matchAll(/\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}
