-- The answer book: what assistants may say when they are asked, and what they were asked and could not say.
-- New tables only: the previous version runs on without seeing them.

create table answers (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  language text not null constraint answers_language_known check (language in ('fr', 'en')),
  question text not null,
  variants text[] not null default '{}',
  answer text not null,
  valid_from date,                            -- both in the organisation's own days; the last one counts
  valid_until date,
  is_active boolean not null default true,
  assistant_id uuid,                          -- absent: for every assistant
  question_key text not null,                 -- the question without accents and small words: an import knows what is there already
  search_text text not null,                  -- question, variants and answer without accents, for the list's own search
  revision bigint not null default 1,
  deleted_at timestamptz,                     -- kept for a while, so that a deletion can be taken back
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id),
  foreign key (org_id, assistant_id) references assistants (org_id, id),
  constraint answers_days_in_order check (valid_until >= valid_from)
);
create index answers_org_idx on answers (org_id, id) where deleted_at is null;
create index answers_key_idx on answers (org_id, language, question_key) where deleted_at is null;

-- What is looked up: one row for each way a question is put, without accents and small words, and when it counts. A paused or deleted entry has none.
create table answer_phrases (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  answer_id uuid not null,
  position int not null,                      -- 0 is the question itself
  language text not null,
  essence text not null,
  words tsvector not null generated always as (
    to_tsvector(case language when 'en' then 'pg_catalog.english'::regconfig else 'pg_catalog.french'::regconfig end, essence)
  ) stored,
  valid_from date,
  valid_until date,
  assistant_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (answer_id, position),
  foreign key (org_id, answer_id) references answers (org_id, id) on delete cascade
);
-- Without a list of what is still to be sorted in: after an import of thousands, each question of a caller would read it.
create index answer_phrases_words_idx on answer_phrases using gin (org_id, language, words) with (fastupdate = off);
create index answer_phrases_essence_idx on answer_phrases using gin (org_id, language, essence gin_trgm_ops) with (fastupdate = off);

-- What callers asked and nothing answered, each question once.
create table unanswered_questions (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  language text not null constraint unanswered_language_known check (language in ('fr', 'en')),
  question_key text not null,
  question text not null,                     -- as it was put the last time
  asked bigint not null default 1,
  last_asked_at timestamptz not null,
  call_id uuid,                               -- the last call it was asked in; calls are partitioned, so no foreign key
  dismissed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint unanswered_questions_key unique (org_id, language, question_key)
);
create index unanswered_open_idx on unanswered_questions (org_id, asked desc, id) where dismissed_at is null;

select zencall_tenant_table('answers');
select zencall_tenant_table('answer_phrases');
select zencall_tenant_table('unanswered_questions');

-- The phrases of the transaction's own organisation that come near a question: those that hold each of its words, then those that hold some,
-- and those that are spelled alike. How near each comes is judged by the caller; here is only what the indexes are for.
-- With its owner's rights, as calls_found: neither @@ nor % is leakproof, so row security would hide the indexes from a tenant.
create function answers_near(asked text, of_language text, of_assistant uuid, on_day date)
returns table (answer_id uuid, stems text[], asked_stems text[])
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp set pg_trgm.similarity_threshold = 0.3
set enable_seqscan = off as $$ -- the table holds every organisation's phrases, and how rare a caller's words are is not known when it is planned
#variable_conflict use_column
declare
  org uuid := current_setting('app.org_id')::uuid;
  config regconfig := case of_language when 'en' then 'pg_catalog.english'::regconfig else 'pg_catalog.french'::regconfig end;
  asked_words text[] := tsvector_to_array(to_tsvector(config, asked));
  each_word tsquery := plainto_tsquery(config, asked);
  any_word tsquery := replace(each_word::text, '&', '|')::tsquery;
  found_now int;
begin
  return query
    select p.answer_id, tsvector_to_array(p.words), asked_words
    from public.answer_phrases p
    where p.org_id = org and p.language = of_language and p.words @@ each_word
      and (p.assistant_id is null or of_assistant is null or p.assistant_id = of_assistant)
      and (p.valid_from is null or p.valid_from <= on_day) and (p.valid_until is null or p.valid_until >= on_day)
    order by length(p.words), p.answer_id, p.position limit 40;
  get diagnostics found_now = row_count;
  if found_now < 10 then
    return query
      select p.answer_id, tsvector_to_array(p.words), asked_words
      from public.answer_phrases p
      where p.org_id = org and p.language = of_language and p.words @@ any_word and not p.words @@ each_word
        and (p.assistant_id is null or of_assistant is null or p.assistant_id = of_assistant)
        and (p.valid_from is null or p.valid_from <= on_day) and (p.valid_until is null or p.valid_until >= on_day)
      order by ts_rank(p.words, any_word, 1) desc, p.answer_id, p.position limit 40;
    return query
      select p.answer_id, tsvector_to_array(p.words), asked_words
      from public.answer_phrases p
      where p.org_id = org and p.language = of_language and p.essence operator(public.%) asked and not p.words @@ each_word
        and (p.assistant_id is null or of_assistant is null or p.assistant_id = of_assistant)
        and (p.valid_from is null or p.valid_from <= on_day) and (p.valid_until is null or p.valid_until >= on_day)
      order by public.similarity(p.essence, asked) desc, p.answer_id, p.position limit 40;
  end if;
end $$;
revoke execute on function answers_near from public;
grant execute on function answers_near to zencall_org;
