import { API_VERSION, type VersionInfo } from '../../api/engine/system.ts';
import { messageOf } from '../../core/errors.ts';
import { CLIENT_VERSION, type Cli } from '../cli.ts';
import { defineCommand } from '../command.ts';
import { OBJECT_FORMAT } from '../format/format-flag.ts';
import { compileTemplate } from '../template/evaluator.ts';

export const command = defineCommand({
  usage: '[OPTIONS]',
  flags: [OBJECT_FORMAT],
  args: { min: 0, max: 0 },
  async run({ flags, cli }) {
    const format = flags.text('format');
    const { server, failure } = await askServer(cli);
    const client = clientVersion(cli);
    if (format === 'json') cli.out(`${JSON.stringify({ Client: client, Server: server ?? null })}\n`);
    else if (format !== '') {
      const render = compileTemplate(format, { optional: new Set(['Server']) });
      // A format that needs the server fails with the connection error when there is no server, not with a template
      // error.
      if (server || !/\.Server\./.test(format))
        cli.out(`${render({ Client: named(client), Server: server ? named(server) : null })}\n`);
    } else {
      cli.out(clientText(client));
      if (server) cli.out(serverText(server));
    }
    if (failure !== undefined) cli.err(`${failure}\n`);
    return failure === undefined ? 0 : 1;
  },
});

/** For templates, whose members have Go's names, which differ from those of the JSON. */
function named<T extends { readonly ApiVersion?: string }>(version: T): T & { readonly APIVersion: string } {
  return { ...version, APIVersion: version.ApiVersion ?? '' };
}

async function askServer(cli: Cli): Promise<{ server?: VersionInfo; failure?: string }> {
  try {
    return { server: await cli.engine.get<VersionInfo>('/version') };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

type ClientVersion = Readonly<Record<string, string>>;

function clientVersion(cli: Cli): ClientVersion {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return {
    Version: CLIENT_VERSION,
    ApiVersion: cli.engine.version,
    DefaultAPIVersion: API_VERSION,
    NodeVersion: process.version,
    Os: process.platform,
    Arch: arch,
    Context: cli.contextName,
  };
}

function clientText(client: ClientVersion): string {
  const { ApiVersion, DefaultAPIVersion } = client;
  const api =
    ApiVersion === DefaultAPIVersion ? ApiVersion : `${ApiVersion} (downgraded from ${DefaultAPIVersion})`;
  return [
    'Client:',
    ` Version:           ${client.Version}`,
    ` API version:       ${api}`,
    ` Node version:      ${client.NodeVersion}`,
    ` OS/Arch:           ${client.Os}/${client.Arch}`,
    ` Context:           ${client.Context}\n`,
  ].join('\n');
}

function serverText(server: VersionInfo): string {
  const name = server.Platform?.Name;
  const lines = [`\nServer:${name ? ` ${name}` : ''}`];
  const components = server.Components ?? [];
  for (const { Name, Version, Details = {} } of components) {
    lines.push(` ${Name}:`, `  ${'Version:'.padEnd(17)} ${Version}`);
    const shown: readonly (readonly [string, string | undefined])[] = [
      [
        'API version:',
        Details.ApiVersion && `${Details.ApiVersion} (minimum version ${Details.MinAPIVersion})`,
      ],
      ['Go version:', Details.GoVersion],
      ['Node version:', Details.NodeVersion],
      ['Git commit:', Details.GitCommit],
      ['Built:', Details.BuildTime],
      ['OS/Arch:', Details.Os && `${Details.Os}/${Details.Arch}`],
      ['Experimental:', Details.Experimental],
    ];
    for (const [heading, value] of shown) if (value) lines.push(`  ${heading.padEnd(17)} ${value}`);
  }
  if (components.length === 0) lines.push(` Engine:`, `  ${'Version:'.padEnd(17)} ${server.Version}`);
  return `${lines.join('\n')}\n`;
}
