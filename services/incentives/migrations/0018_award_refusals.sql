-- Why a report that was taken up earned nothing: so that none without its award is one that was forgotten.
create table incentives.award_refusal (
    district_id uuid not null,
    ticket_id uuid not null,
    rule text collate "C" not null,
    person_id uuid not null,
    -- RULES: they give nothing for it; LIMIT: its day or month was full; EARLIER: from before reasons were kept.
    reason text collate "C" not null constraint award_refusal_reason check (reason in ('RULES', 'LIMIT', 'EARLIER')),
    at timestamptz not null,
    constraint award_refusal_key primary key (district_id, ticket_id, rule)
);
insert into incentives.award_refusal (district_id, ticket_id, rule, person_id, reason, at)
select t.district_id, t.ticket_id, 'REPORT', t.reporter_id, 'EARLIER', now() from incentives.ticket t
where t.earns and t.state <> 'POOL' and not exists (select from incentives.award a
    where a.district_id = t.district_id and a.ticket_id = t.ticket_id and a.rule = 'REPORT' and a.person_id = t.reporter_id);
