-- Who reported the same, as the tickets tell it: what shares are compared with.
create table incentives.co_report (
    district_id uuid not null,
    -- What was merged, and into which ticket.
    ticket_id uuid not null,
    parent_id uuid not null,
    person_id uuid not null,
    -- Shares: was merged in or taken up again, and neither invalid nor in the reporter's place since. Null: from before this was kept.
    shares boolean,
    constraint co_report_key primary key (district_id, ticket_id)
);

-- What was taken back before there were scores is no part of them either: it counts where it would if it were taken back now.
do $$
begin
    -- a database that is only looked at has no history
    if to_regclass('incentives._sqlx_migrations') is not null then
        insert into incentives.score as s (district_id, person_id, month, points, reached_at)
        select r.district_id, r.person_id, greatest(incentives.month_of(r.at), o.month), -sum(r.amount), max(r.at)
        from incentives.transfer r
        join incentives.transfer t on t.district_id = r.district_id and t.transfer_id = r.reverses and t.kind = 'ACTIVATE'
        cross join lateral (
            select (max(m.month) + interval '1 month')::date as month from incentives.month m where m.district_id = r.district_id) o
        where r.kind = 'REVERSE' and r.at < (select k.installed_on from incentives._sqlx_migrations k where k.version = 10)
        group by 1, 2, 3
        on conflict on constraint score_key do update set points = s.points + excluded.points, tx = pg_current_xact_id()::text::bigint;
    end if;
end
$$;
