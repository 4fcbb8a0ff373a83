-- Rule sets that were added to those that are shipped. A version never changes: decisions name the one they were made under.
create table queue.rule_set (
    name       text        not null,
    version    integer     not null check (version > 0),
    -- As `scoring::RuleSet` is stored, name and version included.
    body       jsonb       not null,
    created_at timestamptz not null,
    primary key (name, version)
);
