-- What an assistant can be made of, as the provider offers it now: voices and language models. Rows are the operator's to change: a price, a voice
-- that ends. They belong to no organisation. Prices of models are US dollars per million tokens in micro-dollars, as their maker lists them; the
-- provider's own share comes on top and is in no table.

create table voices (
  id text primary key check (id ~ '^[A-Za-z0-9_-]{2,80}$'),
  provider text not null,
  name text not null,
  language text not null,
  price_class text not null check (price_class in ('low', 'standard', 'high')),
  -- The last day is the one before.
  ends_on date,
  place int not null
);

create table models (
  id text primary key check (id ~ '^[A-Za-z0-9._:/-]{2,80}$'),
  provider text not null,
  name text not null,
  price_class text not null check (price_class in ('low', 'standard', 'high')),
  in_micro_usd_per_million bigint not null check (in_micro_usd_per_million >= 0),
  out_micro_usd_per_million bigint not null check (out_micro_usd_per_million >= 0),
  ends_on date,
  place int not null
);

grant select on voices, models to zencall_org;

insert into voices (id, provider, name, language, price_class, place) values
  ('fr-FR-DeniseNeural', 'azure', 'Denise', 'fr', 'standard', 1),
  ('fr-FR-HenriNeural', 'azure', 'Henri', 'fr', 'standard', 2),
  ('fr-FR-EloiseNeural', 'azure', 'Éloïse', 'fr', 'standard', 3),
  ('en-GB-SoniaNeural', 'azure', 'Sonia', 'en', 'standard', 4),
  ('en-GB-RyanNeural', 'azure', 'Ryan', 'en', 'standard', 5),
  ('en-US-JennyNeural', 'azure', 'Jenny', 'en', 'standard', 6);

insert into models (id, provider, name, price_class, in_micro_usd_per_million, out_micro_usd_per_million, place) values
  ('gpt-4.1', 'openai', 'GPT-4.1', 'high', 2000000, 8000000, 1),
  ('gpt-4.1-mini', 'openai', 'GPT-4.1 mini', 'standard', 400000, 1600000, 2),
  ('gpt-4o-mini', 'openai', 'GPT-4o mini', 'low', 150000, 600000, 3);

alter table assistants add column model text not null default 'gpt-4.1';
