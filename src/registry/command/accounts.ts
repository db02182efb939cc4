import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { entryOf } from '../../core/entry-of.ts';
import { invalidParameter } from '../../core/errors.ts';
import { parseBytes } from '../../core/units.ts';
import { Accounts } from '../accounts/accounts.ts';
import { parseRole, type Role } from '../accounts/roles.ts';
import { parseHtpasswd } from '../auth/htpasswd-file.ts';
import { printable } from '../printable.ts';
import { parseRule, type RetentionRule } from '../retention.ts';
import { type FlagName, type Flags, type FlagValues, flagsOf, STORE_FLAGS } from './flags.ts';
import { keySourceOf, openStore, type StoreOptions, storeOptions } from './store.ts';

const DAY = 24 * 3600_000;
const AUDIT_PAGE = 100;
const RETENTION_FLAGS = ['keep-all', 'keep-last', 'keep-days', 'tags'] as const;

interface Invocation<Name extends FlagName = never> {
  readonly accounts: Accounts;
  readonly values: FlagValues<Name>;
  readonly args: readonly string[];
  readonly store: StoreOptions;
  /** Standard input, without the trailing newline. */
  password(): Promise<string>;
}

interface Command<Name extends FlagName = FlagName> {
  /** The command's arguments, as shown in the error for wrong ones. */
  readonly usage: string;
  /** Flags in addition to those of the store. */
  readonly flags: readonly Name[];
  /** @returns the output. */
  run(invocation: Invocation<Name>): Promise<string | undefined>;
}

/** A command without its own flags. */
const plain = (usage: string, run: Command<never>['run']): Command<never> => ({ usage, flags: [], run });

const withFlags = <Name extends FlagName>(
  usage: string,
  flags: readonly Name[],
  run: Command<Name>['run'],
): Command<Name> => ({ usage, flags, run });

const lines = (rows: readonly (readonly string[])[]) =>
  rows.map((row) => `${row.map(printable).join('\t')}\n`).join('');
const when = (milliseconds: number | null) =>
  milliseconds === null ? 'never' : new Date(milliseconds).toISOString();
const roleOrNone = (word: string): Exclude<Role, 'none'> | undefined =>
  word === 'none' ? undefined : parseRole(word);

const COMMANDS: Readonly<Record<string, Command>> = {
  'user add': withFlags('NAME', ['admin'], async ({ accounts, values, args: [name = ''], password }) => {
    await accounts.addUser(name, await password(), { admin: values.admin ?? false });
    return `Added user ${name}\n`;
  }),
  'user passwd': plain('NAME', async ({ accounts, args: [name = ''], password }) => {
    await accounts.setPassword(name, await password());
    return `Changed the password of ${name}\n`;
  }),
  'user rm': plain('NAME', async ({ accounts, args: [name = ''] }) => void (await accounts.removeUser(name))),
  'user enable': plain(
    'NAME',
    async ({ accounts, args: [name = ''] }) => void (await accounts.updateUser(name, { disabled: false })),
  ),
  'user disable': plain(
    'NAME',
    async ({ accounts, args: [name = ''] }) => void (await accounts.updateUser(name, { disabled: true })),
  ),
  'user import': plain('FILE', async ({ accounts, args: [file = ''] }) => {
    let added = 0;
    for (const [name, hash] of parseHtpasswd(await readFile(file, 'utf8'))) {
      if (await accounts.user(name)) continue;
      await accounts.addUserWithHash(name, hash);
      added++;
    }
    return `Added ${added} users\n`;
  }),
  'user ls': plain('', async ({ accounts }) =>
    lines(
      (await accounts.users()).map(({ name, admin, disabled }) => [
        name,
        admin ? 'admin' : '-',
        disabled ? 'disabled' : '-',
      ]),
    ),
  ),
  quota: plain('OWNER [SIZE]', async ({ accounts, args: [owner = '', size] }) => {
    if (size !== undefined) await accounts.setQuota(owner, size === 'none' ? undefined : parseBytes(size));
    const bytes = await accounts.quotaOf(owner);
    return bytes === undefined ? 'none\n' : `${bytes}\n`;
  }),
  'org add': plain(
    'NAME',
    async ({ accounts, args: [name = ''] }) => void (await accounts.addOrganisation(name)),
  ),
  'org rm': plain(
    'NAME',
    async ({ accounts, args: [name = ''] }) => void (await accounts.removeOrganisation(name)),
  ),
  'org ls': plain('', async ({ accounts }) => {
    const shown = (members: Readonly<Record<string, Role>>) =>
      Object.entries(members).map(([user, role]) => `${user}:${role}`);
    return lines(
      (await accounts.organisations()).map(({ name, members }) => [name, shown(members).join(',') || '-']),
    );
  }),
  'org member': plain(
    'ORG USER ROLE',
    async ({ accounts, args: [name = '', user = '', role = ''] }) =>
      void (await accounts.setMember(name, user, roleOrNone(role))),
  ),
  'repo set': withFlags(
    'NAME',
    ['public', 'private', 'immutable-tags', 'mutable-tags', ...RETENTION_FLAGS],
    async ({ accounts, values, args: [name = ''] }) => {
      const either = (on: boolean | undefined, off: boolean | undefined, field: string) =>
        on || off ? { [field]: on ?? false } : {};
      await accounts.changeSettings(name, {
        ...either(values.public, values.private, 'public'),
        ...either(values['immutable-tags'], values['mutable-tags'], 'immutableTags'),
        ...retentionIn(values),
      });
      return undefined;
    },
  ),
  'repo grant': plain(
    'NAME USER ROLE',
    async ({ accounts, args: [name = '', user = '', role = ''] }) =>
      void (await accounts.grant(name, user, roleOrNone(role))),
  ),
  'repo show': plain('NAME', async ({ accounts, args: [name = ''] }) => {
    const { public: isPublic, immutableTags, retention } = await accounts.settings(name);
    return lines([
      ['visibility', isPublic ? 'public' : 'private'],
      ['tags', immutableTags ? 'immutable' : 'mutable'],
      ...retention.map((rule) => ['keep', JSON.stringify(rule)]),
      ...Object.entries(await accounts.grants(name)).map(([user, role]) => ['grant', user, role]),
    ]);
  }),
  'namespace ls': plain('', async ({ accounts }) =>
    lines(
      (await accounts.namespaces.list()).map(({ name, owner, orphaned }) => [
        name,
        owner ?? (orphaned ? 'of an account that was removed' : 'of the administrators'),
      ]),
    ),
  ),
  'namespace give': plain(
    'NAME OWNER',
    async ({ accounts, args: [name = '', owner = ''] }) =>
      void (await accounts.namespaces.give(name, owner === 'none' ? undefined : owner)),
  ),
  'key rotate': plain('', async ({ accounts, store }) => void (await keySourceOf(store, accounts).rotate())),
  'token create': withFlags(
    'USER',
    ['days', 'role', 'repositories', 'description'],
    async ({ accounts, values, args: [user = ''] }) => {
      const days = values.days === undefined ? undefined : Number(values.days);
      if (days !== undefined && !(days > 0))
        throw invalidParameter(`invalid --days "${values.days}": want a number`);
      const { token } = await accounts.tokens.create(user, {
        ...(values.role ? { role: parseRole(values.role) } : {}),
        repositories: (values.repositories ?? '').split(',').filter(Boolean),
        description: values.description ?? '',
        expiresAt: days === undefined ? null : Date.now() + days * DAY,
      });
      return `${token}\n`;
    },
  ),
  'token ls': plain('[USER]', async ({ accounts, args: [user] }) =>
    lines(
      (await accounts.tokens.list(user)).map((token) => [
        token.id,
        token.user,
        token.role,
        when(token.expiresAt),
        token.description || '-',
      ]),
    ),
  ),
  'token rm': plain('ID', async ({ accounts, args: [id = ''] }) => void (await accounts.tokens.remove(id))),
  audit: plain('[N]', async ({ accounts, args: [count] }) =>
    lines(
      (await accounts.audit.newest(Number(count) || AUDIT_PAGE)).map(
        ({ at, user, address, action, target }) => [when(at), user ?? '-', address ?? '-', action, target],
      ),
    ),
  ),
};

const GROUPS = new Set(Object.keys(COMMANDS).map((name) => name.split(' ')[0]));

export const isAccountCommand = (word: string | undefined): boolean => word !== undefined && GROUPS.has(word);

/** `--keep-last`, `--keep-days` and `--tags` form one rule, `--keep-all` none; the API accepts several. */
function retentionIn(values: FlagValues<(typeof RETENTION_FLAGS)[number]>): {
  readonly retention?: readonly RetentionRule[];
} {
  if (values['keep-all']) return { retention: [] };
  const { 'keep-last': last, 'keep-days': days, tags } = values;
  if (last === undefined && days === undefined) {
    if (tags === undefined) return {};
    throw invalidParameter('--tags needs --keep-last or --keep-days');
  }
  const rule = {
    ...(tags === undefined ? {} : { tags: tags.split(',').filter(Boolean) }),
    ...(last === undefined ? {} : { keepLast: Number(last) }),
    ...(days === undefined ? {} : { keepDays: Number(days) }),
  };
  return { retention: [parseRule(rule)] };
}

/** `user …`, `org …`, `repo …`, `token …`, `key …`, `namespace …` and `audit`. They work with or without a running registry. */
export async function runAccountCommand(flags: Flags, stdin: NodeJS.ReadableStream): Promise<string> {
  const [group = '', ...rest] = flags.positionals;
  const name = entryOf(COMMANDS, group) ? group : `${group} ${rest.shift() ?? ''}`.trim();
  const command = entryOf(COMMANDS, name);
  if (!command) {
    const known = Object.keys(COMMANDS).filter((one) => one.startsWith(`${group} `));
    throw invalidParameter(`unknown command: ${name}; want ${known.join(', ')}`);
  }
  const values = flagsOf(flags, name, [...STORE_FLAGS, ...command.flags]);
  const wanted = command.usage.split(' ').filter(Boolean);
  const least = wanted.filter((one) => !one.startsWith('[')).length;
  if (rest.length < least || rest.length > wanted.length) {
    throw invalidParameter(`${name} takes ${command.usage || 'no arguments'}`);
  }
  const options = storeOptions(values);
  await using store = await openStore(options);
  const accounts = new Accounts(await store.database());
  /* Runs before an account is added or removed: names that have repositories are not free. */
  if (['user', 'org'].includes(group)) await accounts.namespaces.useAll(await store.storage.namespaces());
  const password = async () => (await text(stdin)).replace(/\r?\n$/, '');
  return (await command.run({ accounts, store: options, values, args: rest, password })) ?? '';
}
