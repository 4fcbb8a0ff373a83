create schema server;

-- The moving business clock of development: at the machine's `machine_at` it showed `business_at`, and it goes on from
-- there. One row at most; absent in production, where the clock is the machine's.
create table server.clock (
    is_only boolean not null default true,
    machine_at timestamptz not null,
    business_at timestamptz not null,
    constraint clock_pkey primary key (is_only),
    constraint clock_is_one_row check (is_only)
);
