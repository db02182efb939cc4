import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { invalidParameter } from '../../core/errors.ts';
import { parseBytes } from '../../core/units.ts';
import { Accounts } from '../accounts/accounts.ts';
import { parseRole, type Role } from '../accounts/roles.ts';
import { parseHtpasswd } from '../auth/htpasswd-file.ts';
import { printable } from '../printable.ts';
import { parseRule, type RetentionRule } from '../retention.ts';
import type { Flags } from './flags.ts';
import { keySourceOf, openStore, type StoreOptions, storeOptions } from './store.ts';

const DAY = 24 * 3600_000;
const AUDIT_PAGE = 100;

interface Invocation {
  readonly accounts: Accounts;
  readonly values: Flags['values'];
  readonly args: readonly string[];
  readonly store: StoreOptions;
  /** What comes on standard input, without the newline at its end. */
  password(): Promise<string>;
}

/** @returns what to print. */
type Command = (invocation: Invocation) => Promise<string | undefined>;

interface Entry {
  /** What comes after the command, as the error for wrong arguments shows it. */
  readonly usage: string;
  readonly run: Command;
}

const lines = (rows: readonly (readonly string[])[]) =>
  rows.map((row) => `${row.map(printable).join('\t')}\n`).join('');
const when = (milliseconds: number | null) =>
  milliseconds === null ? 'never' : new Date(milliseconds).toISOString();
const roleOrNone = (word: string): Exclude<Role, 'none'> | undefined =>
  word === 'none' ? undefined : parseRole(word);

const COMMANDS: Readonly<Record<string, Entry>> = {
  'user add': {
    usage: 'NAME',
    run: async ({ accounts, values, args: [name = ''], password }) => {
      await accounts.addUser(name, await password(), { admin: values.admin ?? false });
      return `Added user ${name}\n`;
    },
  },
  'user passwd': {
    usage: 'NAME',
    run: async ({ accounts, args: [name = ''], password }) => {
      await accounts.setPassword(name, await password());
      return `Changed the password of ${name}\n`;
    },
  },
  'user rm': {
    usage: 'NAME',
    run: async ({ accounts, args: [name = ''] }) => void (await accounts.removeUser(name)),
  },
  'user enable': {
    usage: 'NAME',
    run: async ({ accounts, args: [name = ''] }) =>
      void (await accounts.updateUser(name, { disabled: false })),
  },
  'user disable': {
    usage: 'NAME',
    run: async ({ accounts, args: [name = ''] }) =>
      void (await accounts.updateUser(name, { disabled: true })),
  },
  'user import': {
    usage: 'FILE',
    run: async ({ accounts, args: [file = ''] }) => {
      let added = 0;
      for (const [name, hash] of parseHtpasswd(await readFile(file, 'utf8'))) {
        if (await accounts.user(name)) continue;
        await accounts.addUserWithHash(name, hash);
        added++;
      }
      return `Added ${added} users\n`;
    },
  },
  'user ls': {
    usage: '',
    run: async ({ accounts }) =>
      lines(
        (await accounts.users()).map(({ name, admin, disabled }) => [
          name,
          admin ? 'admin' : '-',
          disabled ? 'disabled' : '-',
        ]),
      ),
  },
  quota: {
    usage: 'OWNER [SIZE]',
    run: async ({ accounts, args: [owner = '', size] }) => {
      if (size !== undefined) await accounts.setQuota(owner, size === 'none' ? undefined : parseBytes(size));
      const bytes = await accounts.quotaOf(owner);
      return bytes === undefined ? 'none\n' : `${bytes}\n`;
    },
  },
  'org add': {
    usage: 'NAME',
    run: async ({ accounts, args: [name = ''] }) => void (await accounts.addOrganisation(name)),
  },
  'org rm': {
    usage: 'NAME',
    run: async ({ accounts, args: [name = ''] }) => void (await accounts.removeOrganisation(name)),
  },
  'org ls': {
    usage: '',
    run: async ({ accounts }) => {
      const shown = (members: Readonly<Record<string, Role>>) =>
        Object.entries(members).map(([user, role]) => `${user}:${role}`);
      return lines(
        (await accounts.organisations()).map(({ name, members }) => [name, shown(members).join(',') || '-']),
      );
    },
  },
  'org member': {
    usage: 'ORG USER ROLE',
    run: async ({ accounts, args: [name = '', user = '', role = ''] }) =>
      void (await accounts.setMember(name, user, roleOrNone(role))),
  },
  'repo set': {
    usage: 'NAME',
    run: async ({ accounts, values, args: [name = ''] }) => {
      const either = (on: boolean | undefined, off: boolean | undefined, field: string) =>
        on || off ? { [field]: on ?? false } : {};
      await accounts.changeSettings(name, {
        ...either(values.public, values.private, 'public'),
        ...either(values['immutable-tags'], values['mutable-tags'], 'immutableTags'),
        ...retentionIn(values),
      });
      return undefined;
    },
  },
  'repo grant': {
    usage: 'NAME USER ROLE',
    run: async ({ accounts, args: [name = '', user = '', role = ''] }) =>
      void (await accounts.grant(name, user, roleOrNone(role))),
  },
  'repo show': {
    usage: 'NAME',
    run: async ({ accounts, args: [name = ''] }) => {
      const { public: isPublic, immutableTags, retention } = await accounts.settings(name);
      return lines([
        ['visibility', isPublic ? 'public' : 'private'],
        ['tags', immutableTags ? 'immutable' : 'mutable'],
        ...retention.map((rule) => ['keep', JSON.stringify(rule)]),
        ...Object.entries(await accounts.grants(name)).map(([user, role]) => ['grant', user, role]),
      ]);
    },
  },
  'namespace ls': {
    usage: '',
    run: async ({ accounts }) =>
      lines(
        (await accounts.namespaces.list()).map(({ name, owner, orphaned }) => [
          name,
          owner ?? (orphaned ? 'of an account that was removed' : 'of the administrators'),
        ]),
      ),
  },
  'namespace give': {
    usage: 'NAME OWNER',
    run: async ({ accounts, args: [name = '', owner = ''] }) =>
      void (await accounts.namespaces.give(name, owner === 'none' ? undefined : owner)),
  },
  'key rotate': {
    usage: '',
    run: async ({ accounts, store }) => void (await keySourceOf(store, accounts).rotate()),
  },
  'token create': {
    usage: 'USER',
    run: async ({ accounts, values, args: [user = ''] }) => {
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
  },
  'token ls': {
    usage: '[USER]',
    run: async ({ accounts, args: [user] }) =>
      lines(
        (await accounts.tokens.list(user)).map((token) => [
          token.id,
          token.user,
          token.role,
          when(token.expiresAt),
          token.description || '-',
        ]),
      ),
  },
  'token rm': {
    usage: 'ID',
    run: async ({ accounts, args: [id = ''] }) => void (await accounts.tokens.remove(id)),
  },
  audit: {
    usage: '[N]',
    run: async ({ accounts, args: [count] }) =>
      lines(
        (await accounts.audit.newest(Number(count) || AUDIT_PAGE)).map(
          ({ at, user, address, action, target }) => [when(at), user ?? '-', address ?? '-', action, target],
        ),
      ),
  },
};

const GROUPS = new Set(Object.keys(COMMANDS).map((name) => name.split(' ')[0]));

export const isAccountCommand = (word: string | undefined): boolean => word !== undefined && GROUPS.has(word);

/** `--keep-last`, `--keep-days` and `--tags` make one rule, `--keep-all` none; the API takes several. */
function retentionIn(values: Flags['values']): { readonly retention?: readonly RetentionRule[] } {
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

/** `user …`, `org …`, `repo …`, `token …`, `key …`, `namespace …` and `audit`: beside a registry that runs, or without one. */
export async function runAccountCommand(flags: Flags, stdin: NodeJS.ReadableStream): Promise<string> {
  const [group = '', ...rest] = flags.positionals;
  const name = COMMANDS[group] ? group : `${group} ${rest.shift() ?? ''}`.trim();
  const entry = COMMANDS[name];
  if (!entry) {
    const known = Object.keys(COMMANDS).filter((command) => command.startsWith(`${group} `));
    throw invalidParameter(`unknown command: ${name}; want ${known.join(', ')}`);
  }
  const wanted = entry.usage.split(' ').filter(Boolean);
  const least = wanted.filter((word) => !word.startsWith('[')).length;
  if (rest.length < least || rest.length > wanted.length) {
    throw invalidParameter(`${name} takes ${entry.usage || 'no arguments'}`);
  }
  const options = storeOptions(flags);
  await using store = await openStore(options);
  const accounts = new Accounts(await store.database());
  /* Before an account is made or removed: names that have repositories are not free. */
  if (['user', 'org'].includes(group)) await accounts.namespaces.useAll(await store.storage.namespaces());
  const password = async () => (await text(stdin)).replace(/\r?\n$/, '');
  return (await entry.run({ accounts, store: options, values: flags.values, args: rest, password })) ?? '';
}
