-- A row as the program of migration 32 wrote it, in the table that it made.
insert into queue.rule_set (name, version, body, created_at) values ('mine', 1, '{
    "name": "mine", "version": 1,
    "lender": {"aliases": {"santander_consumer": "santander"}, "points": {"santander": -20.0}},
    "age": {"is_on": true, "bands": [{"from_years": 65, "points": -15.0}]},
    "claim_age": {"per_day": 1.5, "at_most": 30.0},
    "recency": {"form": "fading", "from": 60.0, "per_day": 2.0},
    "dispositions": {"no_answer": 10.0},
    "failed_attempt": 8.0,
    "location": {"LS": -2.5}, "claim_type": {"vehicle": -1.0}, "claim_value": [{"from_pounds": 300, "points": -3.0}],
    "pairs": [{"first": {"lender": "santander"}, "second": "never_called", "points": -1.0}],
    "seasons": [{"name": "Month end", "window": {"monthly": {"from_day": 29, "to_day": 31}}, "points": 3.0}]
}', '2026-11-24T09:00:00Z');
