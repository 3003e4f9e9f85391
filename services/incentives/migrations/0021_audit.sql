-- What the staff did with points and prizes: one row in the statement of its effect. It only grows.
create table incentives.audit (
    tx bigint not null default (pg_current_xact_id()::text::bigint),
    audit_id bigint not null generated always as identity,
    district_id uuid not null,
    at timestamptz not null,
    actor_id uuid not null,
    actor_role text not null,
    -- "PUT_PRIZE", "HAND_OVER" …
    act text not null,
    subject text not null,
    detail jsonb not null,
    constraint audit_key primary key (tx, audit_id)
);
create index audit_newest on incentives.audit (district_id, audit_id);
create index audit_subject on incentives.audit (district_id, subject, audit_id);
create trigger audit_only_grows before update or delete on incentives.audit for each row execute function incentives.refuse_change();
create trigger audit_stays before truncate on incentives.audit for each statement execute function incentives.refuse_change();

-- The chain over it: each seal holds the hash of its rows and of the seal before.
create table incentives.audit_seal (
    number bigint not null,
    last_tx bigint not null,
    last_id bigint not null,
    rows integer not null,
    previous bytea not null,
    hash bytea not null,
    -- The first eight bytes of each row's own hash, so that the one that was changed can be named.
    marks bytea not null,
    at timestamptz not null,
    constraint audit_seal_key primary key (number)
);
create trigger audit_seal_only_grows before update or delete on incentives.audit_seal for each row execute function incentives.refuse_change();
create trigger audit_seal_stays before truncate on incentives.audit_seal for each statement execute function incentives.refuse_change();

-- What the staff say of a prize.
create function incentives.prize_terms(p incentives.prize) returns jsonb language sql immutable as
$$ select jsonb_build_object('points', p.points, 'hold_hours', p.hold_hours, 'pickup_hours', p.pickup_hours,
    'per_person_month', p.per_person_month, 'photos', to_jsonb(incentives.photos_of(p)), 'active', p.active) $$;
