-- What each member earned by reports, by month; the ranking is this in another order.
create table incentives.score (
    district_id uuid not null,
    person_id uuid not null,
    -- Its first day, where the districts are.
    month date not null,
    points bigint not null,
    -- When the points were last what they are: of two with as many, who had them first is before.
    reached_at timestamptz not null,
    -- The transaction that wrote it last, so that the ranking can follow.
    tx bigint not null default (pg_current_xact_id()::text::bigint),
    constraint score_key primary key (district_id, person_id, month)
) with (fillfactor = 80);
create index score_month on incentives.score (district_id, month, points desc) where points > 0;
create index score_in_order on incentives.score (tx, district_id, person_id, month);

-- Who members are: a projection of people's names, with what they chose themselves.
create table incentives.member (
    district_id uuid not null,
    person_id uuid not null,
    name text not null default '',
    nickname text constraint member_nickname check (length(nickname) between 1 and 12),
    -- Takes no part in rankings and awards, by their own choice.
    hidden boolean not null default false,
    constraint member_key primary key (district_id, person_id)
);

-- The posts people hold: volunteers are ranked in their places, staff never are.
create table incentives.held_post (
    district_id uuid not null,
    post_id uuid not null,
    person_id uuid not null,
    staff boolean not null,
    place_path text collate "C" not null,
    from_date date not null,
    until_date date,
    constraint held_post_key primary key (district_id, post_id)
);
create index held_post_person on incentives.held_post (district_id, person_id);

-- The months that are closed. What comes later counts in the first month that is not.
create table incentives.month (
    district_id uuid not null,
    month date not null,
    -- CLOSED, APPROVED_ONCE, APPROVED (the list is shown and can be appealed), PUBLISHED.
    state text collate "C" not null constraint month_state
        check (state in ('CLOSED', 'APPROVED_ONCE', 'APPROVED', 'PUBLISHED')),
    closed_at timestamptz not null,
    members integer not null default 0,
    points bigint not null default 0,
    appeal_hours integer not null,
    first_by uuid,
    second_by uuid,
    publish_at timestamptz,
    published_at timestamptz,
    -- Why it went back to be looked at again.
    reason text not null default '',
    constraint month_key primary key (district_id, month),
    constraint month_two_people check (first_by <> second_by),
    constraint month_approved check ((state in ('APPROVED', 'PUBLISHED')) = (publish_at is not null))
);
create index month_to_publish on incentives.month (publish_at) where state = 'APPROVED';

create table incentives.month_rank (
    district_id uuid not null,
    month date not null,
    rank integer not null,
    person_id uuid not null,
    points bigint not null,
    reached_at timestamptz not null,
    constraint month_rank_key primary key (district_id, month, rank),
    constraint month_rank_once unique (district_id, month, person_id)
);
create trigger month_rank_append_only before update or delete or truncate on incentives.month_rank
    for each statement execute function incentives.refuse_change();

-- What the ranks of a month bring, in versions.
create table incentives.month_terms (
    district_id uuid not null,
    version integer not null,
    -- [{"first_rank", "last_rank", "gross_fen"}]
    tiers jsonb not null,
    appeal_hours integer not null constraint month_terms_appeal check (appeal_hours between 0 and 720),
    put_by uuid not null,
    at timestamptz not null,
    constraint month_terms_key primary key (district_id, version)
);

create table incentives.cash_award (
    district_id uuid not null,
    cash_award_id uuid not null default gen_random_uuid(),
    month date not null,
    person_id uuid not null,
    rank integer not null,
    gross_fen bigint not null constraint cash_award_amount check (gross_fen between 0 and 10000000),
    -- Why a person changed it; empty where it is what the tiers say.
    reason text not null default '',
    changed_by uuid,
    constraint cash_award_key primary key (district_id, cash_award_id),
    constraint cash_award_once unique (district_id, month, person_id)
);

create table incentives.month_appeal (
    district_id uuid not null,
    month date not null,
    appeal_id uuid not null,
    person_id uuid not null,
    text text not null,
    at timestamptz not null,
    accepted boolean,
    answer text not null default '',
    decided_by uuid,
    constraint month_appeal_key primary key (district_id, appeal_id),
    constraint month_appeal_decided check ((accepted is null) = (decided_by is null))
);
create index month_appeal_month on incentives.month_appeal (district_id, month, at);

create function incentives.month_of(at timestamptz) returns date language sql immutable as
$$ select date_trunc('month', at at time zone 'Asia/Shanghai')::date $$;

-- Who posts and who closes a month wait for each other, district by district.
create function incentives.months_of(district_id uuid) returns bigint language sql immutable as
$$ select hashtextextended('incentives.month:' || district_id, 0) $$;

-- Counts what became active, and what was taken back of it, in the month of the time or, where that is closed, in the next.
create function incentives.keep_score(postings incentives.posting[]) returns void language plpgsql as
$$
begin
    perform pg_advisory_xact_lock_shared(incentives.months_of(d.district_id))
    from (select distinct p.district_id from unnest(postings) p order by 1) d;

    insert into incentives.score as s (district_id, person_id, month, points, reached_at)
    select p.district_id, p.person_id, greatest(incentives.month_of(p.at), c.open), sum(p.points), max(p.at)
    from (
        select p.district_id, p.person_id, p.at, p.amount as points from unnest(postings) p where p.kind = 'ACTIVATE'
        union all
        select p.district_id, p.person_id, p.at, -p.amount from unnest(postings) p
        join incentives.transfer t on t.district_id = p.district_id and t.transfer_id = p.reverses and t.kind = 'ACTIVATE'
        where p.kind = 'REVERSE'
    ) p
    cross join lateral (
        select (max(m.month) + interval '1 month')::date as open from incentives.month m where m.district_id = p.district_id) c
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict on constraint score_key do update set points = s.points + excluded.points,
        reached_at = greatest(s.reached_at, excluded.reached_at), tx = pg_current_xact_id()::text::bigint;
end
$$;

-- Closes a month: the ranks as they are now, once, and what they bring. Answers false where it is closed already.
create function incentives.close_month(district uuid, closing date, now timestamptz) returns boolean language plpgsql as
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
            and (h.until_date is null or h.until_date >= closing));
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

insert into incentives.score (district_id, person_id, month, points, reached_at)
select district_id, person_id, incentives.month_of(at), sum(amount), max(at)
from incentives.transfer where kind = 'ACTIVATE' group by 1, 2, 3;
