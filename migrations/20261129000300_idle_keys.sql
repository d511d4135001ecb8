-- When those who may manage keys were last told that nobody uses this one.
alter table api_keys add column idle_told_at timestamptz;
