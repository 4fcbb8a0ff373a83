-- What there is besides in one that was migrated up to 0038: an outcome that was edited, and one that was put right.
insert into calls.disposition_change (disposition, changed_at, changed_by, before, after) values ('vulnerable', '2026-11-24T09:00:00Z', 3,
    '{"label": "Vulnerable", "position": 14, "key": null, "delay_hours": 72, "needs_note": false, "needs_time": false, "replaces_cooling_off": false,
      "wants_review": true, "also": null, "is_offered": true}',
    '{"label": "Vulnerable", "position": 14, "key": null, "delay_hours": 96, "needs_note": false, "needs_time": false, "replaces_cooling_off": false,
      "wants_review": true, "also": null, "is_offered": true}');
update calls.disposition set delay_hours = 96, version = 2 where code = 'vulnerable';
insert into calls.superseded_outcome (call_id, disposition, notes, recorded_at, recorded_by, superseded_at, superseded_by, superseded_because)
values ('00000000-0000-7000-8000-000000000002', 'contacted', '', '2026-11-23T16:07:00Z', 1, '2026-11-23T16:08:00Z', 3, 'They had promised it');
