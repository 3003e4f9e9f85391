-- Which turn of a month is returned: the same return again is known, and one that comes late takes nothing back.
alter table incentives.month
    -- Grows with every step from one state to another, whoever makes it.
    add column version integer not null default 1,
    -- The version that was returned last, by returned_by.
    add column returned_version integer;

create function incentives.count_month() returns trigger language plpgsql as
$$ begin new.version := old.version + 1; return new; end $$;
create trigger month_counted before update on incentives.month for each row
    when (old.state <> new.state) execute function incentives.count_month();
