-- Latitude in bands of 0.0004 degrees (44 m): what lies within 30 metres lies in the same band or the next.
create function tickets.band(lat double precision) returns integer language sql immutable parallel safe as $$
    select floor(lat / 0.0004)::integer
$$;
-- Metres between two points that are close together.
create function tickets.metres(lng double precision, lat double precision, other_lng double precision, other_lat double precision)
returns double precision language sql immutable parallel safe as $$
    select sqrt(pow((lat - other_lat) * 111320, 2) + pow((lng - other_lng) * 111320 * cos(radians((lat + other_lat) / 2)), 2))
$$;

-- A report that came within 30 days after one of the same category, within 30 metres, had been closed is a recurrence. It is
-- counted beside the other figures; whether a ticket is one, and what makes others one, stands with what it has added.
alter table tickets.figure add column recurrences bigint not null default 0;
alter table tickets.figure_ticket
    add column recurs boolean not null default false,
    add column received_at timestamptz,
    add column closed_at timestamptz,
    add column gcj_lng double precision,
    add column gcj_lat double precision;
update tickets.figure_ticket f set received_at = t.received_at, closed_at = t.closed_at, gcj_lng = t.gcj_lng, gcj_lat = t.gcj_lat
from tickets.ticket t where (t.district_id, t.ticket_id) = (f.district_id, f.ticket_id);
create index figure_ticket_closed on tickets.figure_ticket (district_id, category_code, tickets.band(gcj_lat), closed_at)
    where closed_at is not null;
create index figure_ticket_came on tickets.figure_ticket (district_id, category_code, tickets.band(gcj_lat), recurs, received_at);
update tickets.figure_ticket t set recurs = true
where t.recurs <> (t.counters[4] = 0 and exists (
    select from tickets.figure_ticket e
    where e.district_id = t.district_id and e.category_code = t.category_code
        and tickets.band(e.gcj_lat) = any (array[tickets.band(t.gcj_lat) - 1, tickets.band(t.gcj_lat), tickets.band(t.gcj_lat) + 1])
        and e.closed_at >= t.received_at - interval '30 days' and e.closed_at < t.received_at
        and tickets.metres(e.gcj_lng, e.gcj_lat, t.gcj_lng, t.gcj_lat) <= 30));
update tickets.figure f set recurrences = c.many
from (
    select district_id, month, department_id, place_path, category_code, count(*) as many
    from tickets.figure_ticket where recurs group by 1, 2, 3, 4, 5
) c
where (c.district_id, c.month, c.department_id, c.place_path, c.category_code)
    = (f.district_id, f.month, f.department_id, f.place_path, f.category_code);
