CREATE TABLE campaign.schema_version (
  version     text NOT NULL,
  applied_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
  description text NOT NULL,
  CONSTRAINT schema_version_pkey PRIMARY KEY (version)
);
COMMENT ON TABLE campaign.schema_version IS 'Versions of the extension that were installed here: the first by CREATE EXTENSION, one more by each update. Not dumped, since a restore installs afresh.';

INSERT INTO campaign.schema_version (version, description) VALUES ('@VERSION@', 'installed');
