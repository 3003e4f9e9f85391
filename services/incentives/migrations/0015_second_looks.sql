-- What the files of prizes have brought so far; counts and write-offs change what is accounted for, not what was brought.
alter table incentives.prize add column imported bigint not null default 0;
update incentives.prize p set imported = p.supplied
    - coalesce((select sum(t.counted - t.expected) from incentives.stock_take t
        where t.district_id = p.district_id and t.prize_id = p.prize_id), 0)
    + coalesce((select sum(r.quantity) from incentives.redemption r
        where r.district_id = p.district_id and r.prize_id = p.prize_id and r.state = 'RETURNED' and not r.restocked), 0)
where p.kind = 'GOODS';

-- One open appeal a person and month: nobody holds a month back by many.
create unique index month_appeal_open on incentives.month_appeal (district_id, month, person_id) where accepted is null;

-- Closes a month: the ranks as they are now, once, and what they bring. Answers false where it is closed already.
-- Staff are those who held such a post in that month, not those who will.
create or replace function incentives.close_month(district uuid, closing date, now timestamptz) returns boolean language plpgsql as
$$
declare
    terms incentives.month_terms;
begin
    perform pg_advisory_xact_lock(incentives.months_of(district));
    select t.* into terms from incentives.month_terms t where t.district_id = district order by t.version desc limit 1;
    insert into incentives.month (district_id, month, state, closed_at, appeal_hours)
    values (district, closing, 'CLOSED', now, coalesce(terms.appeal_hours, 72))
    on conflict on constraint month_key do nothing;
    if not found then
        return false;
    end if;
    insert into incentives.month_rank (district_id, month, rank, person_id, points, reached_at)
    select district, closing,
        row_number() over (order by s.points desc, date_trunc('second', s.reached_at), s.person_id), s.person_id, s.points, s.reached_at
    from incentives.score s
    left join incentives.member m on m.district_id = s.district_id and m.person_id = s.person_id
    where s.district_id = district and s.month = closing and s.points > 0 and not coalesce(m.hidden, false)
        and not exists (select from incentives.held_post h where h.district_id = s.district_id and h.person_id = s.person_id and h.staff
            and h.from_date < closing + interval '1 month' and (h.until_date is null or h.until_date >= closing));
    insert into incentives.cash_award (district_id, month, person_id, rank, gross_fen)
    select district, closing, r.person_id, r.rank, tier.gross_fen
    from jsonb_to_recordset(coalesce(terms.tiers, '[]')) tier (first_rank integer, last_rank integer, gross_fen bigint)
    join incentives.month_rank r on r.district_id = district and r.month = closing and r.rank between tier.first_rank and tier.last_rank;
    update incentives.month m set members = c.members, points = c.points
    from (select count(*) as members, coalesce(sum(r.points), 0) as points from incentives.month_rank r
        where r.district_id = district and r.month = closing) c
    where m.district_id = district and m.month = closing;
    return true;
end
$$;
