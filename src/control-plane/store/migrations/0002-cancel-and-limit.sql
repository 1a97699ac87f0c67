-- Cancels are handed to agents, and a deployment's queue has an end.

-- When the agent was told that the command is not wanted any more; NULL while it has not been told of the last request.
ALTER TABLE commands ADD COLUMN cancel_delivered_at timestamptz;

-- Which process of the agent it was handed to last, if that process said so.
ALTER TABLE commands ADD COLUMN delivered_to varchar(64);

-- How many commands of a deployment have not ended. Locks the deployment until the caller's transaction ends, and each statement of a
-- volatile function has a snapshot of its own: so several that add a command at once count each other's.
CREATE FUNCTION locked_queue_length(hash varchar) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM deployments WHERE deployment_hash = hash FOR NO KEY UPDATE;
  RETURN (SELECT count(*)::integer FROM commands WHERE deployment_hash = hash AND status IN ('queued', 'sent'));
END
$$;
