-- From where somebody signed in, and by what a session is ended from elsewhere: its hash stays inside the server.
alter table auth.session
    add column number bigint generated always as identity,
    add column address inet,
    add column browser text;
alter table auth.session add constraint session_number_key unique (number);

-- Grows with each change of an account, so that two administrators do not undo each other's.
alter table auth.agent add column version bigint not null default 1;
