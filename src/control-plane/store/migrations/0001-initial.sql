-- Users, purchase tokens, deployments, agents and their command queue.
-- No agent token stands in this database: Vault is the only place where they lie. Other tokens are kept as SHA-256 only.

CREATE TABLE users (
  id          uuid PRIMARY KEY,
  token_hash  text NOT NULL UNIQUE,
  created_at  timestamptz NOT NULL
);

CREATE TABLE purchase_tokens (
  id           uuid PRIMARY KEY,
  token_hash   text NOT NULL UNIQUE,
  user_id      uuid NOT NULL REFERENCES users (id),
  stack_id     varchar(128) NOT NULL,
  max_servers  integer NOT NULL CHECK (max_servers > 0),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  created_at   timestamptz NOT NULL
);

CREATE TABLE deployments (
  deployment_hash    varchar(128) PRIMARY KEY,
  user_id            uuid NOT NULL REFERENCES users (id),
  stack_id           varchar(128),
  purchase_token_id  uuid REFERENCES purchase_tokens (id),
  -- What a server is recognised by when it registers again with the same purchase token.
  server_identity    varchar(80),
  created_at         timestamptz NOT NULL,
  UNIQUE (purchase_token_id, server_identity)
);

CREATE TABLE agents (
  id               uuid PRIMARY KEY,
  deployment_hash  varchar(128) NOT NULL UNIQUE REFERENCES deployments (deployment_hash),
  version          varchar(50),
  capabilities     jsonb NOT NULL,
  system_info      jsonb NOT NULL,
  last_heartbeat   timestamptz,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL
);

CREATE TABLE commands (
  id                   uuid PRIMARY KEY,
  -- Age: clocks of several processes differ, a sequence does not.
  seq                  bigint GENERATED ALWAYS AS IDENTITY,
  command_id           varchar(64) NOT NULL UNIQUE,
  deployment_hash      varchar(128) NOT NULL REFERENCES deployments (deployment_hash),
  type                 varchar(100) NOT NULL,
  status               text NOT NULL CHECK (status IN ('queued', 'sent', 'completed', 'failed', 'cancelled')),
  priority             smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
  parameters           jsonb,
  result               jsonb,
  error                jsonb,
  metadata             jsonb,
  created_by           varchar(255) NOT NULL,
  timeout_seconds      integer NOT NULL,
  created_at           timestamptz NOT NULL,
  updated_at           timestamptz NOT NULL,
  lease_until          timestamptz,
  deliveries           integer NOT NULL DEFAULT 0,
  cancel_requested_at  timestamptz,
  CHECK (status <> 'sent' OR lease_until IS NOT NULL)
);

CREATE INDEX commands_open ON commands (deployment_hash, priority DESC, seq) WHERE status IN ('queued', 'sent');
CREATE INDEX commands_by_age ON commands (deployment_hash, seq DESC);
