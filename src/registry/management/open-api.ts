import { VERSION } from '../../core/version.ts';

type Json = Readonly<Record<string, unknown>>;

const ROLE = { type: 'string', enum: ['pull', 'push', 'admin'] };
const TEXT = { type: 'string' };
const TRUTH = { type: 'boolean' };
const NUMBER = { type: 'number' };
const orNull = (type: string): Json => ({ type: [type, 'null'] });
const list = (items: Json): Json => ({ type: 'array', items });
const roles: Json = { type: 'object', additionalProperties: ROLE };

const object = (properties: Json, required: readonly string[] = []): Json => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
});

/** An object whose properties are all required. */
const whole = (properties: Json): Json => object(properties, Object.keys(properties));

const TIME = { type: 'integer', description: 'Milliseconds since 1970' };
const TIME_OR_NULL = { ...TIME, type: ['integer', 'null'] };
const USER = whole({ id: TEXT, name: TEXT, admin: TRUTH, disabled: TRUTH, createdAt: TIME });
const TOKEN = whole({
  id: TEXT,
  user: TEXT,
  description: TEXT,
  role: ROLE,
  repositories: list(TEXT),
  createdAt: TIME,
  expiresAt: TIME_OR_NULL,
  usedAt: TIME_OR_NULL,
});
const RETENTION = list({
  ...object({
    tags: { ...list(TEXT), description: 'Patterns with * and ?; all tags when omitted' },
    keepLast: { ...NUMBER, description: 'How many of the newest tags to keep' },
    keepDays: { ...NUMBER, description: 'Keep tags set within this number of days' },
  }),
  description: 'Tags that match a rule but are kept by none are removed by the next garbage collection',
});
const SETTINGS = { name: TEXT, public: TRUTH, immutableTags: TRUTH, retention: RETENTION };
const AUDIT_ENTRY = whole({
  at: TIME,
  user: orNull('string'),
  address: orNull('string'),
  action: TEXT,
  target: TEXT,
});

interface Operation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly summary: string;
  readonly body?: Json;
  /** Schema of the response; without one it is empty, with status 204. */
  readonly answer?: Json;
  readonly query?: Readonly<Record<string, Json>>;
  /** Needs no credentials. */
  readonly isOpen?: true;
}

/** Every operation of the administration's API. */
export const OPERATIONS: readonly Operation[] = [
  { path: '/me', method: 'get', answer: USER, summary: 'The current user' },
  {
    path: '/me/password',
    method: 'put',
    summary: 'Change one’s password (by password)',
    body: object({ current: TEXT, password: TEXT }, ['current', 'password']),
  },
  {
    path: '/tokens',
    method: 'get',
    answer: list(TOKEN),
    summary: 'One’s personal access tokens (by password)',
  },
  {
    path: '/tokens',
    method: 'post',
    answer: whole({ id: TEXT, token: TEXT }),
    summary: 'Create a personal access token (by password); it is shown only in this response',
    body: object({
      description: TEXT,
      role: ROLE,
      repositories: { type: 'array', items: TEXT, description: 'Names, or prefixes that end with a slash' },
      days: { type: 'number', description: 'Days until it expires; never when omitted' },
    }),
  },
  { path: '/tokens/{id}', method: 'delete', summary: 'Revoke a token (by password)' },
  { path: '/users', method: 'get', answer: list(USER), summary: 'Users (administrators)' },
  {
    path: '/users',
    method: 'post',
    summary: 'Add a user (administrators, by password)',
    body: object({ name: TEXT, password: TEXT, admin: TRUTH }, ['name', 'password']),
  },
  {
    path: '/users/{user}',
    method: 'patch',
    summary: 'Change a user (administrators, by password)',
    body: object({ admin: TRUTH, disabled: TRUTH, password: TEXT }),
  },
  {
    path: '/users/{user}',
    method: 'delete',
    summary: 'Remove a user; repositories remain (administrators, by password)',
  },
  {
    path: '/organisations',
    method: 'get',
    answer: list(whole({ name: TEXT, members: roles })),
    summary: 'One’s organisations',
  },
  {
    path: '/organisations',
    method: 'post',
    summary: 'Add an organisation (administrators, by password)',
    body: object({ name: TEXT }, ['name']),
  },
  {
    path: '/organisations/{organisation}',
    method: 'delete',
    summary: 'Remove an organisation; repositories remain (by password)',
  },
  {
    path: '/organisations/{organisation}/members/{user}',
    method: 'put',
    summary: 'Add a member, or change a member’s role (by password)',
    body: object({ role: ROLE }, ['role']),
  },
  {
    path: '/organisations/{organisation}/members/{user}',
    method: 'delete',
    summary: 'End a membership (by password)',
  },
  {
    path: '/quotas/{owner}',
    method: 'get',
    summary: 'Maximum bytes of a user or an organisation; null: no limit',
    answer: whole({ owner: TEXT, bytes: orNull('integer') }),
  },
  {
    path: '/quotas/{owner}',
    method: 'put',
    summary: 'Change a quota (administrators, by password)',
    body: object({ bytes: orNull('integer') }, ['bytes']),
  },
  {
    path: '/namespaces',
    method: 'get',
    answer: list(whole({ name: TEXT, owner: orNull('string'), orphaned: TRUTH })),
    summary: 'Owners of the first parts of repository names; null: the administrators (administrators)',
  },
  {
    path: '/namespaces/{namespace}',
    method: 'put',
    summary: 'Transfer all repositories below a name to an account (administrators, by password)',
    body: object({ owner: orNull('string') }, ['owner']),
  },
  {
    path: '/register',
    method: 'post',
    summary: 'Register as a user, where --self-registration is enabled',
    body: object({ name: TEXT, password: TEXT }, ['name', 'password']),
    isOpen: true,
  },
  {
    path: '/repositories',
    method: 'get',
    answer: list(whole(SETTINGS)),
    summary: 'Repositories that the caller may pull',
  },
  {
    path: '/repositories/{repository}',
    method: 'get',
    answer: whole({ ...SETTINGS, grants: roles }),
    summary: 'Settings and grants (slashes of the name as %2F)',
  },
  {
    path: '/repositories/{repository}',
    method: 'patch',
    summary: 'Change settings',
    body: object({ public: TRUTH, immutableTags: TRUTH, retention: RETENTION }),
  },
  {
    path: '/repositories/{repository}/grants/{user}',
    method: 'put',
    summary: 'Grant a role to a user (by password)',
    body: object({ role: ROLE }, ['role']),
  },
  {
    path: '/repositories/{repository}/grants/{user}',
    method: 'delete',
    summary: 'Revoke a grant (by password)',
  },
  {
    path: '/audit',
    method: 'get',
    answer: list(AUDIT_ENTRY),
    query: { n: NUMBER },
    summary: 'The audit log, newest first (administrators); n: maximum number of entries',
  },
];

const FAILURE = {
  description: 'Error',
  content: { 'application/json': { schema: object({ message: TEXT }, ['message']) } },
};

function described({ path, summary, body, answer, query = {}, isOpen }: Operation): Json {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: TEXT,
  }));
  const inQuery = Object.entries(query).map(([name, schema]) => ({ name, in: 'query', schema }));
  const parameters = [...inPath, ...inQuery];
  const content = (schema: Json) => ({ content: { 'application/json': { schema } } });
  return {
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, ...content(body) } } : {}),
    ...(isOpen ? { security: [] } : {}),
    responses: {
      ...(answer
        ? { '200': { description: 'Done', ...content(answer) } }
        : { '204': { description: 'Done' } }),
      default: FAILURE,
    },
  };
}

/** The OpenAPI 3.1 description of the administration's API. */
export function openApiDocument(): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    const { path, method } = operation;
    paths[path] = { ...paths[path], [method]: described(operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'barge-registry', version: VERSION },
    servers: [{ url: '/api/v1' }],
    security: [{ basic: [] }],
    components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
    paths,
  };
}
