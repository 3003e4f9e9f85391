-- What earns points. The nil district is the default; a rule for the category wins over '*', the district's own over the default.
create table incentives.earning_rule (
    district_id uuid not null,
    rule text collate "C" not null,
    category_code text collate "C" not null,
    points bigint not null check (points >= 0),
    primary key (district_id, rule, category_code)
);
insert into incentives.earning_rule (district_id, rule, category_code, points)
values ('00000000-0000-0000-0000-000000000000', 'REPORT', '*', 10);

-- At most one a ticket and rule: pending, then active or void.
create table incentives.award (
    district_id uuid not null,
    ticket_id uuid not null,
    rule text collate "C" not null,
    person_id uuid not null,
    ticket_number text not null,
    points bigint not null check (points > 0),
    state text not null check (state in ('PENDING', 'ACTIVE', 'VOID')),
    awarded_at timestamptz not null,
    ended_at timestamptz,
    primary key (district_id, ticket_id, rule),
    constraint award_ended check ((state = 'PENDING') = (ended_at is null))
);

-- Moves the points of awards that have just reached their state.
create function incentives.pay(awards incentives.award[]) returns void language sql as
$$
select incentives.post(array_agg(row(a.district_id, a.person_id, way.kind, a.points, way.debit, way.credit,
    format(way.text, a.ticket_number), a.ticket_id, null, format('%s:%s:%s', way.cause, a.ticket_id, a.rule),
    coalesce(a.ended_at, a.awarded_at))::incentives.posting))
from unnest(awards) a
join (values
    ('PENDING', 'AWARD', 'BUDGET', 'PENDING', 'award', '上报 %s 被受理，积分待生效'),
    ('ACTIVE', 'ACTIVATE', 'PENDING', 'AVAILABLE', 'award-end', '上报 %s 办结，积分生效'),
    ('VOID', 'VOID', 'PENDING', 'BUDGET', 'award-end', '上报 %s 无效或已撤回，待生效积分取消')
) way (state, kind, debit, credit, cause, text) using (state)
$$;
