import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PatternMatcher } from '../../core/patterns/path-rules.ts';
import { parseDockerfile } from '../parse/dockerfile.ts';
import { lint } from './lint.ts';
import { readLintOptions } from './options.ts';
import { JSON_ARGS_RECOMMENDED, STAGE_NAME_CASING } from './rules.ts';

/** `RULE LINE` for each finding. */
function findings(text: string, ignore: readonly string[] = []): string[] {
  const dockerfile = parseDockerfile(text);
  const context = {
    dockerfile,
    ignore: new PatternMatcher([...ignore]),
    envOf: ({ from }: { from: { image: string } }) => (from.image === 'known' ? ['HOME'] : undefined),
  };
  const found = lint(context, readLintOptions(dockerfile.directives.check));
  return found.map(({ rule, span }) => `${rule.name} ${span.line}`);
}

const CASES: readonly [name: string, dockerfile: string, found: readonly string[]][] = [
  ['nothing is wrong', 'FROM a AS b\nCMD ["x"]\n', []],
  ['StageNameCasing', 'FROM a AS Big\n', ['StageNameCasing 1']],
  ['FromAsCasing', 'FROM a as b\n', ['FromAsCasing 1']],
  ['NoEmptyContinuation', 'FROM a\nRUN a \\\n\n  b\n', ['NoEmptyContinuation 3']],
  [
    'ConsistentInstructionCasing',
    'FROM a\nrun x\nRun y\nCMD ["x"]\n',
    ['ConsistentInstructionCasing 2', 'ConsistentInstructionCasing 3'],
  ],
  ['ConsistentInstructionCasing in lower case', 'from a\nrun x\nRUN y\n', ['ConsistentInstructionCasing 3']],
  ['DuplicateStageName', 'FROM a AS s\nFROM b AS s\n', ['DuplicateStageName 2']],
  ['ReservedStageName', 'FROM a AS scratch\n', ['ReservedStageName 1']],
  [
    'JSONArgsRecommended',
    'FROM a\nCMD x y\nENTRYPOINT z\n',
    ['JSONArgsRecommended 2', 'JSONArgsRecommended 3'],
  ],
  ['JSONArgsRecommended not with a SHELL', 'FROM a\nSHELL ["b"]\nCMD x y\n', []],
  ['MaintainerDeprecated', 'FROM a\nMAINTAINER me\n', ['MaintainerDeprecated 2']],
  ['UndefinedArgInFrom', 'ARG A=1\nFROM a$A$B\n', ['UndefinedArgInFrom 2']],
  ['WorkdirRelativePath', 'FROM a\nWORKDIR b\nWORKDIR /c\nWORKDIR d\n', ['WorkdirRelativePath 2']],
  ['UndefinedVar', 'FROM known\nARG A\nENV B=$A$HOME$PATH\nCOPY $B $C /x/\nRUN $D\n', ['UndefinedVar 4']],
  [
    'UndefinedVar on a stage',
    "FROM scratch AS s\nENV A=1\nFROM s\nLABEL x=$A y=${B:-1} z='$C' w=\\$D v=$E\n",
    ['UndefinedVar 4'],
  ],
  ['UndefinedVar of an unknown image', 'FROM other\nLABEL a=$A\n', []],
  [
    'MultipleInstructionsDisallowed',
    'FROM a\nCMD ["a"]\nCMD ["b"]\nFROM b\nCMD ["c"]\n',
    ['MultipleInstructionsDisallowed 2'],
  ],
  [
    'LegacyKeyValueFormat',
    'FROM a\nENV A b c\nENV D=e\nLABEL f g\n',
    ['LegacyKeyValueFormat 2', 'LegacyKeyValueFormat 4'],
  ],
  ['RedundantTargetPlatform', 'FROM --platform=$TARGETPLATFORM a\n', ['RedundantTargetPlatform 1']],
  [
    'SecretsUsedInArgOrEnv',
    'ARG PUBLIC_KEY\nFROM a\nARG MY_TOKEN\nENV KEYBOARD=1 PASSWORD=x\n',
    ['SecretsUsedInArgOrEnv 3', 'SecretsUsedInArgOrEnv 4'],
  ],
  ['InvalidDefaultArgInFrom', 'ARG V\nFROM a:$V\n', ['InvalidDefaultArgInFrom 2']],
  [
    'FromPlatformFlagConstDisallowed',
    'FROM --platform=linux/amd64 a\nFROM --platform=$BUILDPLATFORM b\n',
    ['FromPlatformFlagConstDisallowed 1'],
  ],
  ['ExposeProtoCasing', 'FROM a\nEXPOSE 80/TCP\n', ['ExposeProtoCasing 2']],
  ['ExposeInvalidFormat', 'FROM a\nEXPOSE 127.0.0.1:80:80\n', ['ExposeInvalidFormat 2']],
  ['# check=skip', '# check=skip=JSONArgsRecommended\nFROM a as b\nCMD x\n', ['FromAsCasing 2']],
  ['# check=skip=all', '# check=skip=all\nFROM a as b\nCMD x\n', []],
  [
    'experimental rules',
    '# check=experimental=all\n# about other things\nFROM a AS b\n\n# other\nARG X\n# Y is fine\nARG Y\n',
    ['InvalidDefinitionDescription 3', 'InvalidDefinitionDescription 6'],
  ],
];

for (const [name, dockerfile, found] of CASES) {
  test(`lint: ${name}`, () => assert.deepEqual(findings(dockerfile), found));
}

test('lint: CopyIgnoredFile follows .dockerignore and its exceptions', () => {
  const text = 'FROM a\nCOPY secret /a\nADD ./d/x /b\nCOPY d /c\nCOPY *.log /e/\nCOPY --from=b secret /f\n';
  assert.deepEqual(findings(text, ['secret', 'd', '!d/keep', '*.log']), [
    'CopyIgnoredFile 2',
    'CopyIgnoredFile 3',
  ]);
});

test('lint: invalid options are rejected, and rules have URLs', () => {
  assert.throws(() => readLintOptions('warn=all'), /invalid check option "warn"/);
  assert.throws(() => readLintOptions('error=maybe'), /want true or false/);
  assert.equal(readLintOptions('skip=A,B;error=true').error, true);
  assert.match(JSON_ARGS_RECOMMENDED.url, /\/json-args-recommended\/$/);
  assert.match(STAGE_NAME_CASING.url, /\/stage-name-casing\/$/);
});
