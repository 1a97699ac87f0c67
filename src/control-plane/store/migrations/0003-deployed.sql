-- A server says when the stack it was bought for is up.

ALTER TABLE deployments ADD COLUMN deployed_at timestamptz;
ALTER TABLE deployments ADD COLUMN server_ip varchar(45);
