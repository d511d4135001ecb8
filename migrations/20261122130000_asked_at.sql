-- When the provider was last asked about a call, so that asking less and less often counts from the question and not from the last
-- event; when an outbound call was claimed, so that an answer that never came is waited for from then; and how often a call that found
-- no free line was dialled again. All may be absent or nought: the version before neither writes nor reads them.

alter table calls
  add column asked_at timestamptz,
  add column placing_at timestamptz,
  add column redialled int not null default 0;
