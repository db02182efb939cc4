import { VERSION } from '../../core/version.ts';

type Json = Readonly<Record<string, unknown>>;

const ROLE = { type: 'string', enum: ['pull', 'push', 'admin'] };
const TEXT = { type: 'string' };
const TRUTH = { type: 'boolean' };

const object = (properties: Json, required: readonly string[] = []): Json => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
});

interface Operation {
  readonly path: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly summary: string;
  readonly body?: Json;
}

/** Every operation of the administration's API. */
export const OPERATIONS: readonly Operation[] = [
  { path: '/me', method: 'get', summary: 'Who asks' },
  {
    path: '/me/password',
    method: 'put',
    summary: 'Change one’s password',
    body: object({ password: TEXT }, ['password']),
  },
  { path: '/tokens', method: 'get', summary: 'One’s personal access tokens' },
  {
    path: '/tokens',
    method: 'post',
    summary: 'Make a personal access token; the answer is the only time that it is shown',
    body: object({
      description: TEXT,
      role: ROLE,
      repositories: { type: 'array', items: TEXT, description: 'Names, or beginnings that end with a slash' },
      days: { type: 'number', description: 'Until it expires; without it never' },
    }),
  },
  { path: '/tokens/{id}', method: 'delete', summary: 'Revoke a token' },
  { path: '/users', method: 'get', summary: 'Users (administrators)' },
  {
    path: '/users',
    method: 'post',
    summary: 'Add a user (administrators)',
    body: object({ name: TEXT, password: TEXT, admin: TRUTH }, ['name', 'password']),
  },
  {
    path: '/users/{user}',
    method: 'patch',
    summary: 'Change a user (administrators)',
    body: object({ admin: TRUTH, disabled: TRUTH, password: TEXT }),
  },
  { path: '/users/{user}', method: 'delete', summary: 'Remove a user (administrators)' },
  { path: '/organisations', method: 'get', summary: 'One’s organisations' },
  {
    path: '/organisations',
    method: 'post',
    summary: 'Add an organisation (administrators)',
    body: object({ name: TEXT }, ['name']),
  },
  { path: '/organisations/{organisation}', method: 'delete', summary: 'Remove an organisation' },
  {
    path: '/organisations/{organisation}/members/{user}',
    method: 'put',
    summary: 'Take somebody in, or change their role',
    body: object({ role: ROLE }, ['role']),
  },
  { path: '/organisations/{organisation}/members/{user}', method: 'delete', summary: 'End a membership' },
  { path: '/repositories', method: 'get', summary: 'Repositories that one may pull' },
  {
    path: '/repositories/{repository}',
    method: 'get',
    summary: 'Settings and grants (slashes of the name as %2F)',
  },
  {
    path: '/repositories/{repository}',
    method: 'patch',
    summary: 'Change settings',
    body: object({ public: TRUTH, immutableTags: TRUTH }),
  },
  {
    path: '/repositories/{repository}/grants/{user}',
    method: 'put',
    summary: 'Let somebody in',
    body: object({ role: ROLE }, ['role']),
  },
  { path: '/repositories/{repository}/grants/{user}', method: 'delete', summary: 'Take a grant back' },
  { path: '/audit', method: 'get', summary: 'Who did what, newest first (administrators); n: how many' },
];

/** The OpenAPI 3.1 description of the administration's API. */
export function openApiDocument(): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { path, method, summary, body } of OPERATIONS) {
    const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: TEXT,
    }));
    paths[path] = {
      ...paths[path],
      [method]: {
        summary,
        ...(parameters.length > 0 ? { parameters } : {}),
        ...(body
          ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } }
          : {}),
        responses: {
          [method === 'get' || path === '/tokens' ? '200' : '204']: { description: 'Done' },
          default: {
            description: 'Not done',
            content: { 'application/json': { schema: object({ message: TEXT }, ['message']) } },
          },
        },
      },
    };
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
