/** A check that BuildKit documents: its name there, its description, and the message of a finding. */
export interface Rule<Details extends readonly unknown[] = readonly never[]> {
  readonly name: string;
  readonly description: string;
  /** The address of its documentation. */
  readonly url: string;
  /** Checked only when `# check=experimental=…` enables it. */
  readonly experimental: boolean;
  /** The message of a finding, one sentence. */
  message(...details: Details): string;
}

function rule<Details extends readonly unknown[]>(
  name: string,
  description: string,
  message: (...details: Details) => string,
  { experimental = false } = {},
): Rule<Details> {
  return { name, description, url: addressOf(name), experimental, message };
}

/** `StageNameCasing` → the address of its documentation. */
function addressOf(name: string): string {
  const slug = name
    .replace(/^JSON/, 'Json')
    .replace(/[A-Z]/g, (letter, at) => `${at > 0 ? '-' : ''}${letter.toLowerCase()}`);
  return `https://docs.docker.com/go/dockerfile/rule/${slug}/`;
}

export const STAGE_NAME_CASING = rule(
  'StageNameCasing',
  'Stage names should be lowercase',
  (stage: string) => `Stage name '${stage}' should be lowercase`,
);

export const FROM_AS_CASING = rule(
  'FromAsCasing',
  "The 'as' keyword should match the case of the 'from' keyword",
  (as: string, from: string) => `'${as}' and '${from}' keywords' casing do not match`,
);

export const NO_EMPTY_CONTINUATION = rule(
  'NoEmptyContinuation',
  'Empty continuation lines will become errors in a future release',
  () => 'Empty continuation line',
);

export const CONSISTENT_INSTRUCTION_CASING = rule(
  'ConsistentInstructionCasing',
  'All commands within the Dockerfile should use the same casing (either upper or lower)',
  (command: string, majority: 'lowercase' | 'uppercase') =>
    `Command '${command}' should match the case of the command majority (${majority})`,
);

export const DUPLICATE_STAGE_NAME = rule(
  'DuplicateStageName',
  'Stage names should be unique',
  (stage: string) => `Duplicate stage name "${stage}", stage names should be unique`,
);

export const RESERVED_STAGE_NAME = rule(
  'ReservedStageName',
  'Reserved words should not be used as stage names',
  (stage: string) => `Stage name should not use the same name as reserved stage "${stage}"`,
);

export const JSON_ARGS_RECOMMENDED = rule(
  'JSONArgsRecommended',
  'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
  (verb: string) =>
    `JSON arguments recommended for ${verb} to prevent unintended behavior related to OS signals`,
);

export const MAINTAINER_DEPRECATED = rule(
  'MaintainerDeprecated',
  'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  () => 'Maintainer instruction is deprecated in favor of using label',
);

export const UNDEFINED_ARG_IN_FROM = rule(
  'UndefinedArgInFrom',
  'FROM command must use declared ARGs',
  (name: string) => `FROM argument '${name}' is not declared`,
);

export const WORKDIR_RELATIVE_PATH = rule(
  'WorkdirRelativePath',
  'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
  (path: string) => `Relative workdir "${path}" can have unexpected results if the base image changes`,
);

export const UNDEFINED_VAR = rule(
  'UndefinedVar',
  'Variables should be defined before their use',
  (name: string, near: string | undefined) =>
    `Usage of undefined variable '$${name}'${near === undefined ? '' : ` (did you mean $${near}?)`}`,
);

export const MULTIPLE_INSTRUCTIONS_DISALLOWED = rule(
  'MultipleInstructionsDisallowed',
  'Multiple instructions of the same type should not be used in the same stage',
  (verb: string) =>
    `Multiple ${verb} instructions should not be used in the same stage because only the last one will be used`,
);

export const LEGACY_KEY_VALUE_FORMAT = rule(
  'LegacyKeyValueFormat',
  'Legacy key/value format with whitespace separator should not be used',
  (verb: string) => `"${verb} key=value" should be used instead of legacy "${verb} key value" format`,
);

export const REDUNDANT_TARGET_PLATFORM = rule(
  'RedundantTargetPlatform',
  'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  (platform: string) =>
    `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`,
);

export const SECRETS_USED_IN_ARG_OR_ENV = rule(
  'SecretsUsedInArgOrEnv',
  'Sensitive data should not be used in the ARG or ENV commands',
  (verb: string, key: string) => `Do not use ARG or ENV instructions for sensitive data (${verb} "${key}")`,
);

export const INVALID_DEFAULT_ARG_IN_FROM = rule(
  'InvalidDefaultArgInFrom',
  'Default value for global ARG results in an empty or invalid base image name',
  (image: string) => `Default value for ARG ${image} results in empty or invalid base image name`,
);

export const FROM_PLATFORM_FLAG_CONST_DISALLOWED = rule(
  'FromPlatformFlagConstDisallowed',
  'FROM --platform flag should not use a constant value',
  (platform: string) => `FROM --platform flag should not use constant value "${platform}"`,
);

export const COPY_IGNORED_FILE = rule(
  'CopyIgnoredFile',
  'Attempting to Copy file that is excluded by .dockerignore',
  (path: string) => `Attempting to Copy file "${path}" that is excluded by .dockerignore`,
);

export const INVALID_DEFINITION_DESCRIPTION = rule(
  'InvalidDefinitionDescription',
  'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  (name: string) => `Comment for ${name} should follow the format: \`# ${name} <description>\``,
  { experimental: true },
);

export const EXPOSE_PROTO_CASING = rule(
  'ExposeProtoCasing',
  'Protocol in EXPOSE instruction should be lowercase',
  (port: string) => `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
);

export const EXPOSE_INVALID_FORMAT = rule(
  'ExposeInvalidFormat',
  'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
  (port: string) =>
    `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
);
