alter table tickets.ticket
    -- Departments that are asked for their statement while it is coordinated: [{department_id, at, text, until, stated_at}].
    add column invited jsonb not null default '[]',
    -- What a council last resolved: {decision, text, held_on, review_at}.
    add column council_resolution jsonb;
-- Few tickets are coordinated, and of few of them departments are asked.
create index ticket_invited on tickets.ticket (district_id, due_at, ticket_id) where due_at is not null and invited <> '[]';

-- A matter that was put off is an agenda item of the council of its level; written from this service's own events.
create table tickets.agenda_item (
    district_id uuid not null,
    ticket_id uuid not null,
    -- The event it was last changed by.
    sequence bigint not null,
    -- Whose council it is before.
    council_path text collate "C" not null,
    state text not null constraint agenda_item_state check (state in ('OPEN', 'RESOLVED')),
    -- Its date of review has come.
    due boolean not null default false,
    reason text not null,
    review_at timestamptz not null,
    put_off_at timestamptz not null,
    -- What the council last resolved.
    decision text not null default '' constraint agenda_item_decision check (decision in ('', 'REOPEN', 'KEEP', 'CLOSE')),
    resolution_text text not null default '',
    held_on date,
    resolution_review_at timestamptz,
    recorded_by uuid,
    recorded_at timestamptz,
    constraint agenda_item_key primary key (district_id, ticket_id),
    constraint agenda_item_resolved check ((decision = '') = (held_on is null))
);
create index agenda_item_review on tickets.agenda_item (district_id, review_at, ticket_id);

insert into tickets.agenda_item (district_id, ticket_id, sequence, council_path, state, reason, review_at, put_off_at)
select district_id, ticket_id, version, array_to_string((string_to_array(place_path, '.'))[1:level], '.'), 'OPEN', nofix_reason, coalesce(review_at, now()), coalesce(entered_at, received_at)
from tickets.ticket where state = 'CLOSED_NOFIX';
