/** Steps of the registry's own database, each run once, in order. */
export const REGISTRY_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE users (
    name TEXT PRIMARY KEY, password TEXT NOT NULL, admin INTEGER NOT NULL DEFAULT 0,
    disabled INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE organisations (name TEXT PRIMARY KEY, created_at INTEGER NOT NULL) STRICT;
  CREATE TABLE members (
    organisation TEXT NOT NULL REFERENCES organisations(name) ON DELETE CASCADE,
    user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, role TEXT NOT NULL,
    PRIMARY KEY (organisation, user)
  ) STRICT;
  CREATE TABLE repositories (
    name TEXT PRIMARY KEY, public INTEGER NOT NULL DEFAULT 0, immutable_tags INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE grants (
    repository TEXT NOT NULL, user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, role TEXT NOT NULL,
    PRIMARY KEY (repository, user)
  ) STRICT;
  CREATE TABLE tokens (
    id TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE, hash TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL, role TEXT NOT NULL, repositories TEXT NOT NULL, created_at INTEGER NOT NULL,
    expires_at INTEGER, used_at INTEGER
  ) STRICT;
  CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, user TEXT, address TEXT, action TEXT NOT NULL, target TEXT NOT NULL
  ) STRICT;
  `,
  /* Bytes; NULL: no limit. */
  `
  ALTER TABLE users ADD COLUMN quota INTEGER;
  ALTER TABLE organisations ADD COLUMN quota INTEGER;
  `,
];
