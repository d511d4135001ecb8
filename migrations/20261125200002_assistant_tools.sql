-- Which tools an assistant has is part of what is published. Absent: the usual ones, as before; so versions and drafts written before stay what
-- they were, and those that a process of the previous version writes say the same as the row.
alter table assistants add column tools text[];

create or replace function assistant_settings(a assistants) returns jsonb language sql immutable as $$
  select jsonb_build_object('name', a.name, 'language', a.language, 'voice', a.voice, 'first_message', a.first_message, 'prompt', a.prompt,
    'end_phrases', to_jsonb(a.end_phrases), 'max_duration_s', a.max_duration_s, 'transfer_numbers', a.transfer_numbers)
    || case when a.tools is null then '{}'::jsonb else jsonb_build_object('tools', to_jsonb(a.tools)) end
$$;

create or replace trigger assistants_versions
  after insert or update of name, language, voice, first_message, prompt, end_phrases, max_duration_s, transfer_numbers, tools, revision on assistants
  for each row execute function keep_assistant_version();
