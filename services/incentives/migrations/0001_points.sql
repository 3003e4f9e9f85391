-- Points and what they are exchanged for.
--
-- The ledger: an account is (owner, purpose). A member has AVAILABLE, PENDING and RESERVED, each a row with its balance. The
-- district itself owns BUDGET, where points come from, and REDEEMED, where they end; these two are unbounded and have no row,
-- so no row is hot. Every change is one immutable transfer with both legs.

create table incentives.account (
    district_id uuid not null,
    owner_id uuid not null,
    purpose text collate "C" not null constraint account_purpose check (purpose in ('AVAILABLE', 'PENDING', 'RESERVED')),
    unit text not null default 'POINT' constraint account_unit check (unit = 'POINT'),
    posted bigint not null default 0 constraint balance_not_negative check (posted >= 0),
    -- The number of transfers so far.
    version bigint not null default 0,
    primary key (district_id, owner_id, purpose)
) with (fillfactor = 80);

create table incentives.transfer (
    district_id uuid not null,
    transfer_id bigint not null generated always as identity,
    -- The member it is about.
    person_id uuid not null,
    kind text not null constraint transfer_kind
        check (kind in ('AWARD', 'ACTIVATE', 'VOID', 'RESERVE', 'RETURN', 'HAND_OVER')),
    amount bigint not null constraint transfer_amount check (amount > 0),
    debit_owner_id uuid not null,
    debit_purpose text collate "C" not null,
    debit_balance_after bigint,
    debit_version bigint,
    credit_owner_id uuid not null,
    credit_purpose text collate "C" not null,
    credit_balance_after bigint,
    credit_version bigint,
    -- For people.
    text text not null,
    ticket_id uuid,
    redemption_id uuid,
    -- What caused it: the same cause never posts twice.
    request_key text collate "C" not null,
    at timestamptz not null,
    primary key (district_id, transfer_id),
    constraint transfer_once unique (district_id, request_key),
    -- A leg on a member's account shows that the balance moved; a leg on the district's has none.
    constraint transfer_debit check ((debit_owner_id = district_id) = (debit_version is null)
        and (debit_version is null) = (debit_balance_after is null)),
    constraint transfer_credit check ((credit_owner_id = district_id) = (credit_version is null)
        and (credit_version is null) = (credit_balance_after is null)),
    constraint transfer_sides check ((debit_owner_id, debit_purpose) <> (credit_owner_id, credit_purpose))
);
create unique index transfer_debit_leg on incentives.transfer (district_id, debit_owner_id, debit_purpose, debit_version)
    where debit_version is not null;
create unique index transfer_credit_leg on incentives.transfer (district_id, credit_owner_id, credit_purpose, credit_version)
    where credit_version is not null;
create index transfer_person on incentives.transfer (district_id, person_id, transfer_id);

create function incentives.refuse_change() returns trigger language plpgsql as
$$ begin raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation'; end $$;
create trigger transfer_append_only before update or delete or truncate on incentives.transfer
    for each statement execute function incentives.refuse_change();

create type incentives.posting as (
    district_id uuid, person_id uuid, kind text, amount bigint, debit_purpose text, credit_purpose text,
    text text, ticket_id uuid, redemption_id uuid, request_key text, at timestamptz
);

-- Posts a batch, all or nothing. All accounts are locked first, in one order, so that batches never wait for each other in a
-- circle; every statement in here sees what was committed before it, so no leg is lost after such a wait.
create function incentives.post(postings incentives.posting[]) returns void language plpgsql as
$$
declare
    posting record;
    debit incentives.account;
    credit incentives.account;
begin
    insert into incentives.account (district_id, owner_id, purpose)
    select distinct p.district_id, p.person_id, leg.purpose
    from unnest(postings) p cross join lateral (values (p.debit_purpose), (p.credit_purpose)) leg (purpose)
    where leg.purpose not in ('BUDGET', 'REDEEMED')
    order by 1, 2, 3
    on conflict do nothing;

    perform 1 from incentives.account a
    where (a.district_id, a.owner_id, a.purpose) in (
        select p.district_id, p.person_id, leg.purpose
        from unnest(postings) p cross join lateral (values (p.debit_purpose), (p.credit_purpose)) leg (purpose))
    order by a.district_id, a.owner_id, a.purpose
    for update;

    for posting in
        select p.*,
            case when p.debit_purpose in ('BUDGET', 'REDEEMED') then p.district_id else p.person_id end as debit_owner_id,
            case when p.credit_purpose in ('BUDGET', 'REDEEMED') then p.district_id else p.person_id end as credit_owner_id
        from unnest(postings) with ordinality p order by p.ordinality
    loop
        update incentives.account a set posted = a.posted - posting.amount, version = a.version + 1
        where a.district_id = posting.district_id and a.owner_id = posting.debit_owner_id and a.purpose = posting.debit_purpose
        returning a.* into debit;
        update incentives.account a set posted = a.posted + posting.amount, version = a.version + 1
        where a.district_id = posting.district_id and a.owner_id = posting.credit_owner_id and a.purpose = posting.credit_purpose
        returning a.* into credit;
        insert into incentives.transfer (district_id, person_id, kind, amount, debit_owner_id, debit_purpose,
            debit_balance_after, debit_version, credit_owner_id, credit_purpose, credit_balance_after, credit_version,
            text, ticket_id, redemption_id, request_key, at)
        values (posting.district_id, posting.person_id, posting.kind, posting.amount, posting.debit_owner_id,
            posting.debit_purpose, debit.posted, debit.version, posting.credit_owner_id, posting.credit_purpose,
            credit.posted, credit.version, posting.text, posting.ticket_id, posting.redemption_id, posting.request_key,
            posting.at);
    end loop;
end
$$;
