-- What waits for some holders, the next deadline first; with what they only assist in or are asked for a view of, and pauses they may approve. Each part has an index of its own.
with waiting as materialized (
    (
        -- holder by holder, for only so is the index read in the order of deadlines
        select w.district_id, w.ticket_id from unnest($2::text[]) h (holder) cross join lateral (
            select t.district_id, t.ticket_id from tickets.ticket t
            where t.district_id = $1 and t.due_at is not null and t.held_by = h.holder
                and tickets.is_wanted(t, $4, $5, $6, $7, $8)
                and (t.due_at, t.ticket_id) > ($9::timestamptz, $10::uuid)
            order by t.due_at, t.ticket_id
            limit $11
        ) w
    )
    union
    (
        select t.district_id, t.ticket_id from tickets.ticket t
        where t.district_id = $1 and t.due_at is not null and t.assisting <> '{}' and t.assisting && $3::uuid[]
            and tickets.is_wanted(t, $4, $5, $6, $7, $8)
            and (t.due_at, t.ticket_id) > ($9::timestamptz, $10::uuid)
        order by t.due_at, t.ticket_id
        limit $11
    )
    union
    (
        -- a department that is asked for its statement, until it has stated it or its time is over
        select t.district_id, t.ticket_id from tickets.ticket t
        where t.district_id = $1 and t.due_at is not null and t.invited <> '[]' and exists (
                select from jsonb_to_recordset(t.invited) i (department_id uuid, until timestamptz, stated_at timestamptz)
                where i.department_id = any ($3::uuid[]) and i.stated_at is null and coalesce(i.until > $8, true))
            and tickets.is_wanted(t, $4, $5, $6, $7, $8)
            and (t.due_at, t.ticket_id) > ($9::timestamptz, $10::uuid)
        order by t.due_at, t.ticket_id
        limit $11
    )
    union
    (
        -- a pause that is asked for waits for who may approve it
        select t.district_id, t.ticket_id from tickets.ticket t
        where t.district_id = $1 and t.due_at is not null and t.pause_request is not null and 'coordinator' = any ($2::text[])
            and tickets.is_wanted(t, $4, $5, $6, $7, $8)
            and (t.due_at, t.ticket_id) > ($9::timestamptz, $10::uuid)
        order by t.due_at, t.ticket_id
        limit $11
    )
)
select t.*,
    (select p.name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_name?",
    (select p.full_name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_full_name?",
    (select p.level from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_level?",
    (select d.name from tickets.department d where d.district_id = t.district_id and d.department_id = t.department_id) as "department_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.reporter_id) as "reporter_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.claimed_by) as "claimer_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.handler_id) as "handler_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.checker_id) as "checker_name?",
    (select count(*) from tickets.strike s where s.district_id = t.district_id and s.person_id = t.reporter_id and s.lifted_at is null
        and s.ticket_id <> t.ticket_id and s.at > t.received_at - interval '12 months') as "reporter_strikes?"
from waiting w
join tickets.ticket t on t.district_id = w.district_id and t.ticket_id = w.ticket_id
order by t.due_at, t.ticket_id
limit $11
