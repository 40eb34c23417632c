-- A project as it may be in production before the first migration: run by the role postgres in a
-- database that holds what every Supabase project does. It differs from what the baseline migration
-- makes wherever an older project may.

-- Until 2026 new tables and functions were everybody's by default.
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;

create table public.organizations (
  id text primary key,
  name text,
  plan text default 'basic'
);
alter table public.organizations enable row level security;

create table public.profiles (
  id uuid primary key,
  organization_id text references public.organizations (id),
  role text default 'standard_user',
  email text
);
alter table public.profiles enable row level security;
create policy "Own profile" on public.profiles for select using (id = (select auth.uid()));

insert into public.organizations (id, name) values ('org_large', 'Large'), ('org_small', 'Small');
insert into public.profiles (id, organization_id) values
  ('00000000-0000-4000-8000-00000000000a', 'org_large'),
  ('00000000-0000-4000-8000-00000000000b', 'org_large'),
  ('00000000-0000-4000-8000-00000000000c', 'org_small');

-- ---------------------------------------------------------------------------------------------
-- 15,600 items, three of each SKU or so: some have one, some have nine
-- ---------------------------------------------------------------------------------------------

create table public.inventory (
  obsolete text, -- dropped below: column numbers have a gap
  id uuid primary key default gen_random_uuid(),
  organization_id text not null,
  sku text,
  name text not null,
  description text,
  category text,
  quantity integer default 0,
  quantity_on_order integer default 0,
  unit_price integer not null default 0,
  cost integer,
  price_tier_1 integer,
  price_tier_2 integer,
  price_tier_3 integer,
  price_tier_4 integer,
  price_tier_5 integer,
  department_code text,
  unit_of_measure text,
  image_url text,
  search_keywords text[],
  keyword_version text,
  keywords_generated_at timestamptz,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  -- What our baseline does not know of.
  bin_location text not null default 'A-0',
  weight numeric(10, 3),
  attributes jsonb not null default '{}',
  name_length integer generated always as (char_length(name)) stored,
  legacy_number bigint generated always as identity
);
alter table public.inventory drop column obsolete;

insert into public.inventory (
  id, organization_id, sku, name, description, category, quantity, unit_price, cost, price_tier_1,
  search_keywords, created_at, updated_at, bin_location, weight, attributes
)
select
  md5('item ' || n)::uuid,
  case when n % 4 = 0 then 'org_small' else 'org_large' end,
  case n % 1000
    when 0 then '' when 1 then null when 2 then '   '
    else 'SKU-' || abs(hashint4(n)) % 5200
  end,
  'Item "' || n || E'" – ½″ bolt\t' || repeat('x', n % 7),
  case n % 3 when 0 then null when 1 then '' else 'Description of ' || n end,
  case when n % 5 > 0 then 'Category ' || n % 40 end,
  n % 100, n, nullif(n % 10, 0), case when n % 2 = 0 then 0 end,
  array['item', 'bolt', 'k' || n % 500],
  timestamptz '2024-01-01' + n * interval '1 second',
  -- Some alike, some unknown.
  case when n % 11 > 0
    then timestamptz '2025-01-01 00:00:00.123456' + abs(hashint4(-n)) % 5000 * interval '1 hour' end,
  'B-' || n % 20, n * 1.500, jsonb_build_object('n', n, 'text', 'ß "quoted" \ ')
from generate_series(1, 15600) n;

create unique index on public.inventory (organization_id, id);
create index inventory_org_sku on public.inventory (organization_id, sku);
create index inventory_org_sku_pattern on public.inventory (organization_id, sku text_pattern_ops);
create index inventory_org_name on public.inventory (organization_id, name);
create index inventory_org_category on public.inventory (organization_id, category);
create index inventory_org_created on public.inventory (organization_id, created_at desc);
create index inventory_name_trgm on public.inventory using gin (name extensions.gin_trgm_ops);
create index inventory_sku_trgm on public.inventory using gin (sku extensions.gin_trgm_ops);
create index inventory_keywords on public.inventory using gin (search_keywords);
alter table public.inventory enable row level security;

-- Who refers to items: by id, cascading; and by organization and id.
create table public.bid_items (
  id integer primary key,
  inventory_id uuid references public.inventory (id) on delete cascade
);
create index on public.bid_items (inventory_id);
insert into public.bid_items
select n, md5('item ' || n * 5)::uuid from generate_series(1, 3000) n;

create table public.item_photos (
  id integer primary key,
  organization_id text not null,
  item_id uuid not null,
  foreign key (organization_id, item_id)
    references public.inventory (organization_id, id) on delete cascade
);
create index on public.item_photos (organization_id, item_id);
insert into public.item_photos
select n, i.organization_id, i.id
from generate_series(1, 1000) n
join public.inventory i on i.id = md5('item ' || n * 15)::uuid;

-- ---------------------------------------------------------------------------------------------
-- Contacts and bids that lack some columns, have others, and other types and defaults
-- ---------------------------------------------------------------------------------------------

create table public.contacts (
  id uuid primary key default gen_random_uuid(),
  organization_id text not null,
  name text not null,
  email varchar(80) not null,
  phone text not null default '',
  company text,
  status text not null,
  "priceLevel" text, -- of an attempt long ago
  price_level text not null default 'T1',
  city text,
  account_owner_number varchar(80),
  ytd_sales numeric(12, 2) not null default 0,
  owner_id uuid references public.profiles (id),
  updated_by uuid references public.profiles (id),
  tags text[] not null default '{}',
  created_at timestamptz default now(),
  updated_at timestamp default now()
);
alter table public.contacts enable row level security;
insert into public.contacts (organization_id, name, email, company, status, created_at, owner_id)
values
  ('org_large', 'Ann', 'ann@x.com', 'Acme', 'Active', '2024-01-01', null),
  ('org_large', 'Ann', 'ann2@x.com', 'Acme', 'Active', '2023-01-01',
   '00000000-0000-4000-8000-00000000000b'),
  -- Notes that somebody pasted into the name, too long for an index.
  ('org_large', (select string_agg(md5(n::text), '') from generate_series(1, 300) n), 'long@x.com',
   'Acme', 'Active', '2022-01-01', null);

create table public.bids (
  id integer generated always as identity primary key,
  organization_id text not null,
  title text not null,
  client_name text,
  project_name text,
  description text,
  amount numeric(12, 2),
  total numeric(12, 2),
  status text not null,
  valid_until date,
  notes text not null default '-',
  created_at timestamptz default now()
);
alter table public.bids enable row level security;

-- ---------------------------------------------------------------------------------------------
-- The older scheduled_jobs
-- ---------------------------------------------------------------------------------------------

create table public.scheduled_jobs (
  id uuid primary key default gen_random_uuid(),
  organization_id text,
  created_by uuid references public.profiles (id),
  job_type text not null,
  data_type text not null,
  scheduled_time timestamptz not null,
  status text not null default 'pending'
    check (status in ('pending', 'processing', 'completed', 'failed')),
  creator_name text,
  file_name text,
  file_data jsonb,
  record_count integer,
  error_message text,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  constraint scheduled_in_the_future check (scheduled_time > created_at)
);
alter table public.scheduled_jobs enable row level security;
grant select, update on public.scheduled_jobs to public;
create policy "Everybody, everything" on public.scheduled_jobs for all using (true) with check (true);
create policy "Organization" on public.scheduled_jobs for select to authenticated
  using (organization_id in (
    select organization_id from public.profiles where id = (select auth.uid())));
alter publication supabase_realtime add table public.scheduled_jobs;

insert into public.scheduled_jobs
  (file_name, organization_id, created_by, job_type, data_type, status, scheduled_time, created_at,
   file_data)
select
  file_name, organization_id, '00000000-0000-4000-8000-00000000000a', 'import', data_type, status,
  coalesce(now() + due, 'infinity'), now() - interval '3 days',
  '{"records": [{"sku": "NEW-1", "name": "New"}, {"sku": "SKU-7", "name": "Seven"}], "mapping": {}}'
from (values
  ('stuck.csv', 'org_large', 'inventory', 'processing', interval '-2 days'),
  ('done.csv', 'org_large', 'inventory', 'completed', interval '-1 day'),
  ('broken.csv', 'org_small', 'contacts', 'failed', interval '-1 day'),
  ('later.csv', 'org_small', 'bids', 'pending', interval '9 days'),
  -- Kinds that nobody knows any more, done and not.
  ('old kind, done.csv', 'org_small', 'deals', 'completed', interval '-1 day'),
  ('old kind, due.csv', 'org_small', 'deals', 'pending', interval '-1 day'),
  ('old kind, stuck.csv', 'org_small', 'deals', 'processing', interval '-1 day'),
  ('nobody''s.csv', null, 'inventory', 'pending', interval '-1 day'),
  ('never.csv', 'org_small', 'inventory', 'pending', null)
) as job (file_name, organization_id, data_type, status, due);
