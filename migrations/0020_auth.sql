-- Who is who, for the modules that show what somebody did.
create view auth.published_agent as
select id, name
from auth.agent;
