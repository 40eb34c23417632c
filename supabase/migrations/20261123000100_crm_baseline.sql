-- The CRM's own tables that an import touches, as the frontend knows them.
--
-- In production they exist already and this migration changes nothing: each table, with its
-- indexes, policies and grants, is made only where it is missing (a new project, the devstack).

-- An organization is a dealer. Its id is text, here and in every table that names it.
do $$
begin
  if to_regclass('public.organizations') is not null then return; end if;

  create table public.organizations (
    id text primary key,
    name text not null,
    created_at timestamptz not null default now()
  );
  alter table public.organizations enable row level security;
  grant select on public.organizations to authenticated;
  grant select, insert, update, delete on public.organizations to service_role;
end $$;

-- profiles.organization_id is the one source of a user's organization; profiles.id is the auth
-- user's id. Users may not write it: whoever can move themselves can read another dealer's prices.
do $$
begin
  if to_regclass('public.profiles') is not null then return; end if;

  create table public.profiles (
    id uuid primary key,
    organization_id text not null references public.organizations (id) on delete cascade,
    role text not null default 'standard_user',
    email text,
    full_name text,
    created_at timestamptz not null default now()
  );
  create index profiles_organization_id_idx on public.profiles (organization_id);
  alter table public.profiles enable row level security;
  create policy profiles_select_own on public.profiles
    for select to authenticated
    using (id = (select auth.uid()));
  create policy organizations_select_own on public.organizations
    for select to authenticated
    using (id = (select p.organization_id from public.profiles p where p.id = (select auth.uid())));
  grant select on public.profiles to authenticated;
  grant select, insert, update, delete on public.profiles to service_role;
end $$;

-- Prices, costs and tiers are integer cents; a NULL tier sells at retail, 0 is a price of $0.00.
create extension if not exists pg_trgm with schema extensions;
do $$
begin
  if to_regclass('public.inventory') is not null then return; end if;

  create table public.inventory (
    id uuid primary key default gen_random_uuid(),
    organization_id text not null references public.organizations (id) on delete cascade,
    name text not null,
    sku text,
    description text default '',
    category text default 'Uncategorized',
    quantity integer not null default 0,
    quantity_on_order integer not null default 0,
    unit_price integer,
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
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  -- The frontend's list and its search; (organization_id, sku) comes with its own migration.
  create index inventory_org_name_idx on public.inventory (organization_id, name);
  create index inventory_org_category_idx on public.inventory (organization_id, category);
  create index inventory_org_created_idx on public.inventory (organization_id, created_at desc);
  -- pg_trgm may live in extensions (new projects) or in public (old ones).
  perform set_config('search_path', 'public, extensions', true);
  create index inventory_name_trgm_idx on public.inventory using gin (name gin_trgm_ops);
  create index inventory_description_trgm_idx
    on public.inventory using gin (description gin_trgm_ops);
  create index inventory_sku_trgm_idx on public.inventory using gin (sku gin_trgm_ops);
  create index inventory_keywords_idx on public.inventory using gin (search_keywords);

  alter table public.inventory enable row level security;
  create policy inventory_of_own_organization on public.inventory
    for all to authenticated
    using (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())))
    with check (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));
  grant select, insert, update, delete on public.inventory to authenticated;
end $$;

do $$
begin
  if to_regclass('public.contacts') is not null then return; end if;

  create table public.contacts (
    id uuid primary key default gen_random_uuid(),
    organization_id text not null references public.organizations (id) on delete cascade,
    owner_id uuid references public.profiles (id) on delete set null,
    created_by uuid references public.profiles (id) on delete set null,
    name text not null,
    email text,
    phone text,
    company text,
    trade text,
    status text default 'Prospect',
    price_level text default 'Retail',
    address text,
    city text,
    province text,
    postal_code text,
    notes text,
    legacy_number text,
    account_owner_number text,
    ptd_sales numeric,
    ptd_gp_percent numeric,
    ytd_sales numeric,
    ytd_gp_percent numeric,
    lyr_sales numeric,
    lyr_gp_percent numeric,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  -- The frontend's list; what an import matches contacts by comes with its own migration.
  create index contacts_org_name_idx on public.contacts (organization_id, name);
  create index contacts_owner_id_idx on public.contacts (owner_id);
  create index contacts_created_by_idx on public.contacts (created_by);

  alter table public.contacts enable row level security;
  create policy contacts_of_own_organization on public.contacts
    for all to authenticated
    using (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())))
    with check (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));
  grant select, insert, update, delete on public.contacts to authenticated;
end $$;

-- Quotes, and the templates by which they are exported. Not every project has these two, and one that
-- has bids is not given them: only a new one.
do $$
begin
  if to_regclass('public.bids') is not null then return; end if;
  if to_regclass('public.quotes') is not null then return; end if;

  create table public.quotes (
    id uuid primary key default gen_random_uuid(),
    organization_id text not null references public.organizations (id) on delete cascade,
    created_by uuid references public.profiles (id) on delete set null,
    quote_number text,
    title text,
    contact_name text,
    contact_email text,
    status text not null default 'draft',
    price_tier text,
    valid_until timestamptz,
    subtotal numeric,
    tax_amount numeric,
    total numeric,
    line_items jsonb not null default '[]', -- an array of objects; in older rows as JSON text
    notes text,
    terms text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  create index quotes_org_created_idx on public.quotes (organization_id, created_at desc);
  create index quotes_created_by_idx on public.quotes (created_by);

  alter table public.quotes enable row level security;
  create policy quotes_of_own_organization on public.quotes
    for all to authenticated
    using (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())))
    with check (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));
  grant select, insert, update, delete on public.quotes to authenticated, service_role;
end $$;

do $$
begin
  if to_regclass('public.bids') is not null then return; end if;
  if to_regclass('public.organization_settings') is not null then return; end if;

  create table public.organization_settings (
    organization_id text primary key references public.organizations (id) on delete cascade,
    export_templates jsonb not null default '[]', -- an array; what is in one: docs/EXPORTING.md
    updated_at timestamptz not null default now()
  );
  alter table public.organization_settings enable row level security;
  create policy organization_settings_of_own_organization on public.organization_settings
    for all to authenticated
    using (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())))
    with check (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));
  grant select, insert, update, delete on public.organization_settings
    to authenticated, service_role;
end $$;

do $$
begin
  if to_regclass('public.bids') is not null then return; end if;

  create table public.bids (
    id uuid primary key default gen_random_uuid(),
    organization_id text not null references public.organizations (id) on delete cascade,
    created_by uuid references public.profiles (id) on delete set null,
    client_name text not null,
    project_name text not null,
    description text,
    subtotal numeric,
    tax_amount numeric,
    total numeric,
    status text not null default 'draft',
    valid_until timestamptz,
    notes text,
    terms text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  create index bids_org_created_idx on public.bids (organization_id, created_at desc);
  create index bids_created_by_idx on public.bids (created_by);

  alter table public.bids enable row level security;
  create policy bids_of_own_organization on public.bids
    for all to authenticated
    using (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())))
    with check (organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));
  grant select, insert, update, delete on public.bids to authenticated;
end $$;

-- The worker's functions run as their caller, service_role. New projects grant it nothing.
grant select on public.organizations, public.profiles to service_role;
grant select, insert, update, delete on public.inventory, public.contacts, public.bids
  to service_role;
