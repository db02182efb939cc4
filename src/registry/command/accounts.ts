import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { invalidParameter } from '../../core/errors.ts';
import { parseBytes } from '../../core/units.ts';
import { Accounts } from '../accounts/accounts.ts';
import { parseRole, type Role } from '../accounts/roles.ts';
import { parseHtpasswd } from '../auth/htpasswd-file.ts';
import type { Flags } from './flags.ts';
import { dataRootOf } from './serve-options.ts';

const DAY = 24 * 3600_000;
const AUDIT_PAGE = 100;

export const accountsPath = (dataRoot: string): string => join(dataRoot, 'accounts.db');

interface Invocation {
  readonly accounts: Accounts;
  readonly values: Flags['values'];
  readonly args: readonly string[];
  /** What comes on standard input, without the newline at its end. */
  password(): Promise<string>;
}

/** @returns what to print. */
type Command = (invocation: Invocation) => Promise<string | undefined> | string | undefined;

interface Entry {
  /** What comes after the command, as the error for wrong arguments shows it. */
  readonly usage: string;
  readonly run: Command;
}

const lines = (rows: readonly (readonly string[])[]) => rows.map((row) => `${row.join('\t')}\n`).join('');
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
    run: ({ accounts, args: [name = ''] }) => accounts.removeUser(name) as undefined,
  },
  'user enable': {
    usage: 'NAME',
    run: ({ accounts, args: [name = ''] }) => accounts.updateUser(name, { disabled: false }) as undefined,
  },
  'user disable': {
    usage: 'NAME',
    run: ({ accounts, args: [name = ''] }) => accounts.updateUser(name, { disabled: true }) as undefined,
  },
  'user import': {
    usage: 'FILE',
    run: async ({ accounts, args: [file = ''] }) => {
      const users = [...parseHtpasswd(await readFile(file, 'utf8'))].filter(([name]) => !accounts.user(name));
      for (const [name, hash] of users) accounts.addUserWithHash(name, hash);
      return `Added ${users.length} users\n`;
    },
  },
  'user ls': {
    usage: '',
    run: ({ accounts }) =>
      lines(
        accounts
          .users()
          .map(({ name, admin, disabled }) => [name, admin ? 'admin' : '-', disabled ? 'disabled' : '-']),
      ),
  },
  quota: {
    usage: 'OWNER [SIZE]',
    run: ({ accounts, args: [owner = '', size] }) => {
      if (size !== undefined) accounts.setQuota(owner, size === 'none' ? undefined : parseBytes(size));
      const bytes = accounts.quotaOf(owner);
      return bytes === undefined ? 'none\n' : `${bytes}\n`;
    },
  },
  'org add': {
    usage: 'NAME',
    run: ({ accounts, args: [name = ''] }) => accounts.addOrganisation(name) as undefined,
  },
  'org rm': {
    usage: 'NAME',
    run: ({ accounts, args: [name = ''] }) => accounts.removeOrganisation(name) as undefined,
  },
  'org ls': {
    usage: '',
    run: ({ accounts }) => {
      const shown = (members: Readonly<Record<string, Role>>) =>
        Object.entries(members).map(([user, role]) => `${user}:${role}`);
      return lines(
        accounts.organisations().map(({ name, members }) => [name, shown(members).join(',') || '-']),
      );
    },
  },
  'org member': {
    usage: 'ORG USER ROLE',
    run: ({ accounts, args: [name = '', user = '', role = ''] }) =>
      accounts.setMember(name, user, roleOrNone(role)) as undefined,
  },
  'repo set': {
    usage: 'NAME',
    run: ({ accounts, values, args: [name = ''] }) => {
      const either = (on: boolean | undefined, off: boolean | undefined, field: string) =>
        on || off ? { [field]: on ?? false } : {};
      accounts.changeSettings(name, {
        ...either(values.public, values.private, 'public'),
        ...either(values['immutable-tags'], values['mutable-tags'], 'immutableTags'),
      });
      return undefined;
    },
  },
  'repo grant': {
    usage: 'NAME USER ROLE',
    run: ({ accounts, args: [name = '', user = '', role = ''] }) =>
      accounts.grant(name, user, roleOrNone(role)) as undefined,
  },
  'repo show': {
    usage: 'NAME',
    run: ({ accounts, args: [name = ''] }) => {
      const { public: isPublic, immutableTags } = accounts.settings(name);
      return lines([
        ['visibility', isPublic ? 'public' : 'private'],
        ['tags', immutableTags ? 'immutable' : 'mutable'],
        ...Object.entries(accounts.grants(name)).map(([user, role]) => ['grant', user, role]),
      ]);
    },
  },
  'token create': {
    usage: 'USER',
    run: ({ accounts, values, args: [user = ''] }) => {
      const days = values.days === undefined ? undefined : Number(values.days);
      if (days !== undefined && !(days > 0))
        throw invalidParameter(`invalid --days "${values.days}": want a number`);
      const { token } = accounts.tokens.create(user, {
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
    run: ({ accounts, args: [user] }) =>
      lines(
        accounts.tokens
          .list(user)
          .map((token) => [
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
    run: ({ accounts, args: [id = ''] }) => accounts.tokens.remove(id) as undefined,
  },
  audit: {
    usage: '[N]',
    run: ({ accounts, args: [count] }) =>
      lines(
        accounts.audit
          .newest(Number(count) || AUDIT_PAGE)
          .map(({ at, user, address, action, target }) => [
            when(at),
            user ?? '-',
            address ?? '-',
            action,
            target,
          ]),
      ),
  },
};

const GROUPS = new Set(Object.keys(COMMANDS).map((name) => name.split(' ')[0]));

export const isAccountCommand = (word: string | undefined): boolean => word !== undefined && GROUPS.has(word);

/** `user …`, `org …`, `repo …`, `token …` and `audit`: beside a registry that runs, or without one. */
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
  const dataRoot = dataRootOf(flags);
  mkdirSync(dataRoot, { recursive: true });
  using accounts = new Accounts(accountsPath(dataRoot));
  const password = async () => (await text(stdin)).replace(/\r?\n$/, '');
  return (await entry.run({ accounts, values: flags.values, args: rest, password })) ?? '';
}
