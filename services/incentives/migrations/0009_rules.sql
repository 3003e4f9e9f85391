-- What earns points: a set of rules per district, in versions. A report earns by the version that held when it was taken up.
create table incentives.rule_set (
    district_id uuid not null,
    version integer not null constraint rule_set_version check (version > 0),
    rules jsonb not null,
    valid_from timestamptz not null,
    put_by uuid not null,
    at timestamptz not null,
    constraint rule_set_key primary key (district_id, version)
);
create trigger rule_set_append_only before update or delete or truncate on incentives.rule_set
    for each statement execute function incentives.refuse_change();
drop table incentives.earning_rule;

-- The tickets as they were heard of: what rules are tried on, and what signals are found in.
create table incentives.ticket (
    district_id uuid not null,
    ticket_id uuid not null,
    reporter_id uuid not null,
    -- Whether a report in this role earns points.
    earns boolean not null,
    category_code text collate "C" not null,
    -- 0 where it is not known, 1 for P0 to 4 for P3.
    priority smallint not null,
    -- 0 where it is not known, 1 for the district to 4 for the compound.
    level smallint not null,
    place_path text collate "C" not null,
    photos integer not null,
    received_at timestamptz not null,
    state text collate "C" not null,
    closed_at timestamptz,
    checker_id uuid,
    constraint ticket_key primary key (district_id, ticket_id)
) with (fillfactor = 80);
create index ticket_reporter on incentives.ticket (district_id, reporter_id, received_at);
create index ticket_closed on incentives.ticket (district_id, closed_at) where closed_at is not null;

-- An award is pending, then active or void; held while a person has to decide; reversed when it was wrong. One that was void and
-- is wanted after all starts its next round.
alter table incentives.award
    add column round integer not null default 0,
    add column rule_version integer not null default 0,
    -- How the points came about, where it was more than the rule.
    add column explained text not null default '',
    -- A signal was seen and nobody has decided yet.
    add column doubted boolean not null default false,
    add column decided_by uuid,
    add column appeal text,
    add column appealed_at timestamptz,
    drop constraint award_state_check,
    add constraint award_state_check check (state in ('PENDING', 'HELD', 'ACTIVE', 'VOID', 'REVERSED')),
    drop constraint award_ended,
    add constraint award_ended check ((state in ('PENDING', 'HELD')) = (ended_at is null));
create index award_person on incentives.award (district_id, person_id, awarded_at, ticket_id);
create index award_to_decide on incentives.award (district_id, awarded_at, ticket_id) where doubted or appealed_at is not null;

-- What made an award look strange, with the evidence.
create table incentives.signal (
    district_id uuid not null,
    ticket_id uuid not null,
    rule text collate "C" not null,
    signal text collate "C" not null constraint signal_known check (signal in ('SAME_PLACE', 'BURST', 'SAME_PAIR', 'SAME_PHOTO')),
    evidence text not null,
    at timestamptz not null,
    constraint signal_key primary key (district_id, ticket_id, rule, signal)
);

-- Moves the points of awards that have just reached their state.
create or replace function incentives.pay(awards incentives.award[]) returns void language plpgsql as
$$
begin
    perform incentives.post(array_agg(row(a.district_id, a.person_id, way.kind, a.points, way.debit, way.credit,
    format(way.text, a.ticket_number, a.explained, a.reason), a.ticket_id, null,
    format('%s:%s:%s', way.cause, a.ticket_id, a.rule) || case when a.round > 0 then ':' || a.round else '' end,
    coalesce(a.ended_at, a.awarded_at), null, null,
    case when a.state = 'ACTIVE' then incentives.month_end(a.ended_at, a.expiry_months) end,
    case when a.state <> 'PENDING' then a.decided_by end)::incentives.posting))
from unnest(awards) a
join (values
    ('PENDING', 'AWARD', 'BUDGET', 'PENDING', 'award', '上报 %s 被受理，积分待生效%s'),
    ('ACTIVE', 'ACTIVATE', 'PENDING', 'AVAILABLE', 'award-end', '上报 %s 办结，积分生效'),
    ('VOID', 'VOID', 'PENDING', 'BUDGET', 'award-end', '上报 %1$s 无效或已撤回，待生效积分取消%3$s')
) way (state, kind, debit, credit, cause, text) using (state);
end
$$;
