-- Points have an age. Every credit to AVAILABLE is a lot with the time it is lost; every debit takes from the lots that are lost
-- first and says from which; what is given back goes back where it came from. What the lots hold is what is available.

create table incentives.lot (
    district_id uuid not null,
    person_id uuid not null,
    -- The transfer that brought it.
    lot_id bigint not null,
    amount bigint not null constraint lot_amount check (amount > 0),
    remaining bigint not null constraint lot_remaining check (remaining between 0 and amount),
    earned_at timestamptz not null,
    expires_at timestamptz not null default 'infinity',
    reminded_at timestamptz,
    constraint lot_key primary key (district_id, person_id, lot_id)
) with (fillfactor = 80);
create index lot_due on incentives.lot (expires_at) where remaining > 0 and expires_at < 'infinity';
create index lot_to_remind on incentives.lot (expires_at) where remaining > 0 and reminded_at is null and expires_at < 'infinity';

-- What a transfer took from a lot; negative where it gave back.
create table incentives.lot_use (
    district_id uuid not null,
    transfer_id bigint not null,
    lot_id bigint not null,
    person_id uuid not null,
    redemption_id uuid,
    amount bigint not null constraint lot_use_amount check (amount <> 0),
    constraint lot_use_key primary key (district_id, transfer_id, lot_id)
);
create index lot_use_redemption on incentives.lot_use (district_id, redemption_id) where redemption_id is not null;
create trigger lot_use_append_only before update or delete or truncate on incentives.lot_use
    for each statement execute function incentives.refuse_change();

insert into incentives.lot (district_id, person_id, lot_id, amount, remaining, earned_at)
select a.district_id, a.owner_id, 0, a.posted, a.posted, now() from incentives.account a where a.purpose = 'AVAILABLE' and a.posted > 0;

alter table incentives.transfer drop constraint transfer_kind,
    add constraint transfer_kind check (kind in
        ('AWARD', 'ACTIVATE', 'VOID', 'GRANT', 'RESERVE', 'RETURN', 'HAND_OVER', 'TAKE_BACK', 'EXPIRE', 'REVERSE')),
    -- What it was given for, where it was neither a ticket nor a redemption.
    add column activity_id uuid,
    -- Who decided it, where a person did.
    add column by_id uuid,
    -- The transfer it undoes.
    add column reverses bigint,
    add constraint transfer_reversal check ((kind = 'REVERSE') = (reverses is not null)),
    -- Not at the end of a batch only: never.
    add constraint balance_not_negative check (debit_balance_after >= 0 and credit_balance_after >= 0);
create unique index transfer_reversed_once on incentives.transfer (district_id, reverses) where reverses is not null;

alter type incentives.posting add attribute activity_id uuid, add attribute reverses bigint, add attribute expires_at timestamptz, add attribute by_id uuid;

-- Posts a batch, all or nothing. All accounts are locked first, in one order, so that batches never wait for each other in a
-- circle; every statement in here sees what was committed before it, so no leg is lost after such a wait.
create or replace function incentives.post(postings incentives.posting[]) returns void language plpgsql as
$$
begin
    if cardinality(postings) = 1 then
        perform incentives.post_one(postings[1]);
        return;
    end if;

    insert into incentives.account (district_id, owner_id, purpose)
    select distinct p.district_id, p.person_id, leg.purpose
    from unnest(postings) p cross join lateral (values (p.debit_purpose), (p.credit_purpose)) leg (purpose)
    where leg.purpose not in ('BUDGET', 'REDEEMED', 'EXPIRED')
    order by 1, 2, 3
    on conflict do nothing;

    perform 1 from incentives.account a
    where (a.district_id, a.owner_id, a.purpose) in (
        select p.district_id, p.person_id, leg.purpose
        from unnest(postings) p cross join lateral (values (p.debit_purpose), (p.credit_purpose)) leg (purpose))
    order by a.district_id, a.owner_id, a.purpose
    for update;

    with wanted as materialized (
        select p.*, p.ordinality as number,
            p.debit_purpose in ('BUDGET', 'REDEEMED', 'EXPIRED') as from_district,
            p.credit_purpose in ('BUDGET', 'REDEEMED', 'EXPIRED') as to_district
        from unnest(postings) with ordinality p
    ),
    leg as materialized (
        select w.number, l.side, w.district_id, w.person_id, l.purpose,
            a.posted + sum(l.change) over account as after, a.version + row_number() over account as version,
            row_number() over account = count(*) over (partition by w.district_id, w.person_id, l.purpose) as last
        from wanted w
        cross join lateral (values (0, w.debit_purpose, -w.amount), (1, w.credit_purpose, w.amount)) l (side, purpose, change)
        join incentives.account a on a.district_id = w.district_id and a.owner_id = w.person_id and a.purpose = l.purpose
        window account as (partition by w.district_id, w.person_id, l.purpose order by w.number, l.side)
    ),
    moved as (
        update incentives.account a set posted = l.after, version = l.version
        from leg l
        where l.last and a.district_id = l.district_id and a.owner_id = l.person_id and a.purpose = l.purpose
    )
    insert into incentives.transfer (district_id, person_id, kind, amount, debit_owner_id, debit_purpose,
        debit_balance_after, debit_version, credit_owner_id, credit_purpose, credit_balance_after, credit_version,
        text, ticket_id, redemption_id, activity_id, reverses, by_id, request_key, at)
    select w.district_id, w.person_id, w.kind, w.amount,
        case when w.from_district then w.district_id else w.person_id end, w.debit_purpose, d.after, d.version,
        case when w.to_district then w.district_id else w.person_id end, w.credit_purpose, c.after, c.version,
        w.text, w.ticket_id, w.redemption_id, w.activity_id, w.reverses, w.by_id, w.request_key, w.at
    from wanted w
    left join leg d on d.number = w.number and d.side = 0
    left join leg c on c.number = w.number and c.side = 1
    order by w.number;

    if exists (select from unnest(postings) p where p.credit_purpose = 'AVAILABLE') then
        perform incentives.fill_lots(postings);
    end if;
    if exists (select from unnest(postings) p where p.debit_purpose = 'AVAILABLE') then
        perform incentives.draw_lots(postings);
    end if;
    if exists (select from unnest(postings) p where p.kind in ('ACTIVATE', 'REVERSE')) then
        perform incentives.keep_score(postings);
    end if;
end
$$;

-- One posting, as a batch of one would be: most are.
create function incentives.post_one(p incentives.posting) returns void language plpgsql as
$$
declare
    from_district boolean := p.debit_purpose in ('BUDGET', 'REDEEMED', 'EXPIRED');
    to_district boolean := p.credit_purpose in ('BUDGET', 'REDEEMED', 'EXPIRED');
    debit incentives.account;
    credit incentives.account;
    posted_as bigint;
begin
    if not from_district and not to_district then
        -- two accounts of a member, made and locked in the order in which a batch does it
        insert into incentives.account (district_id, owner_id, purpose) values (p.district_id, p.person_id, p.credit_purpose)
        on conflict do nothing;
        perform 1 from incentives.account a
        where a.district_id = p.district_id and a.owner_id = p.person_id and a.purpose in (p.debit_purpose, p.credit_purpose)
        order by a.purpose for update;
    end if;
    if not from_district then
        update incentives.account a set posted = a.posted - p.amount, version = a.version + 1
        where a.district_id = p.district_id and a.owner_id = p.person_id and a.purpose = p.debit_purpose returning a.* into debit;
        if not found then
            raise exception 'nothing was ever posted to %', p.debit_purpose using errcode = 'check_violation', constraint = 'balance_not_negative';
        end if;
    end if;
    if not to_district then
        insert into incentives.account as a (district_id, owner_id, purpose, posted, version)
        values (p.district_id, p.person_id, p.credit_purpose, p.amount, 1)
        on conflict (district_id, owner_id, purpose) do update set posted = a.posted + excluded.posted, version = a.version + 1
        returning a.* into credit;
    end if;
    insert into incentives.transfer (district_id, person_id, kind, amount, debit_owner_id, debit_purpose, debit_balance_after,
        debit_version, credit_owner_id, credit_purpose, credit_balance_after, credit_version, text, ticket_id, redemption_id,
        activity_id, reverses, by_id, request_key, at)
    values (p.district_id, p.person_id, p.kind, p.amount, case when from_district then p.district_id else p.person_id end,
        p.debit_purpose, debit.posted, debit.version, case when to_district then p.district_id else p.person_id end,
        p.credit_purpose, credit.posted, credit.version, p.text, p.ticket_id, p.redemption_id, p.activity_id, p.reverses, p.by_id,
        p.request_key, p.at)
    returning transfer_id into posted_as;
    if p.credit_purpose = 'AVAILABLE' and p.redemption_id is null then
        insert into incentives.lot (district_id, person_id, lot_id, amount, remaining, earned_at, expires_at)
        values (p.district_id, p.person_id, posted_as, p.amount, p.amount, p.at, coalesce(p.expires_at, 'infinity'));
    elsif p.credit_purpose = 'AVAILABLE' then
        perform incentives.fill_lots(array[p]);
    end if;
    if p.debit_purpose = 'AVAILABLE' then
        perform incentives.draw_lots(array[p]);
    end if;
    if p.kind in ('ACTIVATE', 'REVERSE') then
        perform incentives.keep_score(array[p]);
    end if;
end
$$;

-- What came back goes to the lots it was taken from; all else is a lot of its own.
create function incentives.fill_lots(postings incentives.posting[]) returns void language plpgsql as
$$
begin
    with credit as materialized (
    select t.district_id, t.person_id, t.transfer_id, t.amount, t.redemption_id, t.at, p.expires_at
    from unnest(postings) p
    join incentives.transfer t on t.district_id = p.district_id and t.request_key = p.request_key
    where p.credit_purpose = 'AVAILABLE'
),
back as materialized (
    select c.district_id, c.transfer_id, u.lot_id, c.person_id, c.redemption_id, sum(u.amount)::bigint as amount
    from credit c
    join incentives.lot_use u on u.district_id = c.district_id and u.redemption_id = c.redemption_id
    group by 1, 2, 3, 4, 5 having sum(u.amount) > 0
),
given as (
    update incentives.lot l set remaining = l.remaining + b.amount
    from (select district_id, person_id, lot_id, sum(amount)::bigint as amount from back group by 1, 2, 3) b
    where l.district_id = b.district_id and l.person_id = b.person_id and l.lot_id = b.lot_id
),
noted as (
    insert into incentives.lot_use (district_id, transfer_id, lot_id, person_id, redemption_id, amount)
    select district_id, transfer_id, lot_id, person_id, redemption_id, -amount from back
)
insert into incentives.lot (district_id, person_id, lot_id, amount, remaining, earned_at, expires_at)
select c.district_id, c.person_id, c.transfer_id, c.amount - coalesce(b.amount, 0), c.amount - coalesce(b.amount, 0), c.at,
    coalesce(c.expires_at, 'infinity')
from credit c
left join (select transfer_id, sum(amount)::bigint as amount from back group by 1) b using (transfer_id)
where c.amount > coalesce(b.amount, 0);
end
$$;

-- Takes from the lots that are lost first. Lots and debits of a member are laid along one line; where they overlap, the debit
-- takes from the lot.
create function incentives.draw_lots(postings incentives.posting[]) returns void language plpgsql as
$$
begin
    with debit as materialized (
    select t.district_id, t.person_id, t.transfer_id, t.redemption_id, t.amount,
        sum(t.amount) over (partition by t.district_id, t.person_id order by t.transfer_id) as upto
    from unnest(postings) p
    join incentives.transfer t on t.district_id = p.district_id and t.request_key = p.request_key
    where p.debit_purpose = 'AVAILABLE'
),
held as materialized (
    select l.district_id, l.person_id, l.lot_id, l.remaining,
        sum(l.remaining) over (partition by l.district_id, l.person_id order by l.expires_at, l.lot_id) as upto
    from incentives.lot l
    where l.remaining > 0 and (l.district_id, l.person_id) in (select d.district_id, d.person_id from debit d)
),
taken as materialized (
    select d.district_id, d.person_id, d.transfer_id, d.redemption_id, h.lot_id,
        (least(d.upto, h.upto) - greatest(d.upto - d.amount, h.upto - h.remaining))::bigint as amount
    from debit d
    join held h on h.district_id = d.district_id and h.person_id = d.person_id
        and d.upto > h.upto - h.remaining and h.upto > d.upto - d.amount
),
drawn as (
    update incentives.lot l set remaining = l.remaining - t.amount
    from (select district_id, person_id, lot_id, sum(amount)::bigint as amount from taken group by 1, 2, 3) t
    where l.district_id = t.district_id and l.person_id = t.person_id and l.lot_id = t.lot_id
)
insert into incentives.lot_use (district_id, transfer_id, lot_id, person_id, redemption_id, amount)
select district_id, transfer_id, lot_id, person_id, redemption_id, amount from taken;
end
$$;

-- Of an account as of a time: its legs are few enough to be walked back, and every index less is a posting faster.
drop index incentives.transfer_debit_at;
drop index incentives.transfer_credit_at;
