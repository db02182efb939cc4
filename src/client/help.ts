import { CATALOG, COMMON } from './catalog.ts';
import type { CatalogCommand, CatalogEntry, CatalogGroup } from './catalog-entry.ts';
import type { Command } from './command.ts';
import { type Flag, typeName } from './flag-types.ts';
import { GLOBAL_FLAGS } from './global-flags.ts';

const NAME_WIDTH = 11;

export function topLevelHelp(): string {
  const entries = Object.entries(CATALOG);
  const common = COMMON.flatMap((name) => entries.filter(([key]) => key === name));
  const groups = entries.filter(([, entry]) => entry.kind === 'group');
  const others = entries.filter(([name, entry]) => entry.kind === 'command' && !COMMON.includes(name));
  return [
    'Usage:  barge [OPTIONS] COMMAND\n',
    'Builds, shares and runs containers\n',
    `Common Commands:\n${commandList(common)}\n`,
    `Management Commands:\n${commandList(groups)}\n`,
    `Commands:\n${commandList(others)}\n`,
    `Global Options:\n${flagList(GLOBAL_FLAGS)}\n`,
    "Run 'barge COMMAND --help' for more information on a command.\n",
  ].join('\n');
}

export function groupHelp(name: string, group: CatalogGroup): string {
  return [
    `Usage:  barge ${name} COMMAND\n`,
    `${group.summary}\n`,
    `Commands:\n${commandList(Object.entries(group.commands))}\n`,
    `Run 'barge ${name} COMMAND --help' for more information on a command.\n`,
  ].join('\n');
}

export function commandHelp(path: string, entry: CatalogCommand, command: Command): string {
  const parts = [`Usage:  ${path} ${command.usage}\n`, `${entry.summary}\n`];
  const aliases = pathsOf(entry);
  if (aliases.length > 1) parts.push(`Aliases:\n  ${aliases.join(', ')}\n`);
  if (command.flags.some((flag) => !flag.hidden)) parts.push(`Options:\n${flagList(command.flags)}\n`);
  return parts.join('\n');
}

/** Every way to write the command. */
function pathsOf(entry: CatalogCommand): string[] {
  const same = (other: CatalogEntry) => other.kind === 'command' && other.load === entry.load;
  const grouped = Object.entries(CATALOG).flatMap(([name, group]) =>
    group.kind === 'group'
      ? Object.keys(group.commands)
          .filter((verb) => same(group.commands[verb] as CatalogEntry))
          .map((verb) => `barge ${name} ${verb}`)
      : [],
  );
  const top = Object.keys(CATALOG).filter((name) => same(CATALOG[name] as CatalogEntry));
  return [...grouped, ...top.map((name) => `barge ${name}`)];
}

function isListed(entry: CatalogEntry): entry is CatalogCommand | CatalogGroup {
  return entry.kind === 'group' || (entry.kind === 'command' && !entry.hidden);
}

function commandList(entries: readonly (readonly [string, CatalogEntry])[]): string {
  return entries
    .flatMap(([name, entry]) => (isListed(entry) ? `  ${name.padEnd(NAME_WIDTH)} ${entry.summary}` : []))
    .join('\n');
}

function flagList(flags: readonly Flag[]): string {
  const shown = flags.filter((flag) => !flag.hidden).sort((a, b) => (a.name < b.name ? -1 : 1));
  const heads = shown.map(flagHead);
  const width = Math.max(...heads.map((head) => head.length)) + 3;
  const room = Math.max(24, (process.stdout.columns ?? 80) - width - 1);
  return shown
    .map((flag, index) => {
      const lines = wrap(flag.description + defaultNote(flag), room);
      return (heads[index] ?? '').padEnd(width) + lines.join(`\n${' '.repeat(width)}`);
    })
    .join('\n');
}

function flagHead(flag: Flag): string {
  const short = flag.short ? `-${flag.short}, ` : '    ';
  const type = typeName(flag.type);
  return `  ${short}--${flag.name}${type === '' ? '' : ` ${type}`}`;
}

function defaultNote(flag: Flag): string {
  if (flag.default === undefined || flag.default === '' || flag.default === 'false') return '';
  return ` (default ${flag.type === 'string' ? `"${flag.default}"` : flag.default})`;
}

function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
