-- Whose codes a voucher's are: a code is good once at its shop, and two shops may print the same.
alter table incentives.prize add column shop text not null default '';

-- Who took a code off that nobody had got, so that it can be added elsewhere; empty where its last day was over.
alter table incentives.voucher
    add column withdrawn_by uuid,
    add constraint voucher_withdrawn check (withdrawn_by is null or withdrawn_at is not null),
    drop constraint voucher_once;
create unique index voucher_once on incentives.voucher (district_id, prize_id, code_blind) where withdrawn_by is null;

-- A voucher does not come to a shop of which another one has a code of its own. The caller holds the lock of the district's vouchers.
create function incentives.keep_codes_apart() returns trigger language plpgsql as
$$
begin
    if exists (select from incentives.voucher v
        join incentives.voucher o on o.district_id = v.district_id and o.code_blind = v.code_blind and o.withdrawn_by is null
        join incentives.prize p on p.district_id = o.district_id and p.prize_id = o.prize_id
        where v.district_id = new.district_id and v.prize_id = new.prize_id and v.withdrawn_by is null
            and o.prize_id <> v.prize_id and p.shop = new.shop) then
        raise exception 'a code of another prize' using errcode = 'check_violation', constraint = 'voucher_of_another_prize';
    end if;
    return new;
end
$$;
create trigger prize_shop before update of shop on incentives.prize
    for each row when (new.kind = 'VOUCHER' and new.shop <> old.shop) execute function incentives.keep_codes_apart();

-- Takes codes off that nobody has got, under the lock of the prize; answers how many those are.
create function incentives.withdraw_codes(district uuid, prize uuid, person uuid, now timestamptz, tried bytea[]) returns bigint
    language plpgsql as
$$
declare
    many bigint;
begin
    perform 1 from incentives.prize p where p.district_id = district and p.prize_id = prize and p.kind = 'VOUCHER' for update;
    update incentives.voucher v set withdrawn_at = now, withdrawn_by = person
    where v.district_id = district and v.prize_id = prize and v.code_blind = any (tried) and v.redemption_id is null and v.withdrawn_at is null;
    get diagnostics many = row_count;
    update incentives.prize p set stock = p.stock - many, supplied = p.supplied - many
    where p.district_id = district and p.prize_id = prize and many > 0;
    return many;
end
$$;

-- What the staff say of a prize.
create or replace function incentives.prize_terms(p incentives.prize) returns jsonb language sql immutable as
$$ select jsonb_build_object('points', p.points, 'hold_hours', p.hold_hours, 'pickup_hours', p.pickup_hours, 'shop', p.shop,
    'per_person_month', p.per_person_month, 'photos', to_jsonb(incentives.photos_of(p)), 'active', p.active) $$;

-- Adds the codes that are not there yet, once an import, and answers which were; nothing where the prize is no voucher or the import
-- is known. A code may be there under an older key of the blind index: `tried` holds all its values. A code of another prize of the
-- same shop breaks `voucher_of_another_prize`. What was withdrawn by hand is not there.
create or replace function incentives.add_vouchers(import incentives.voucher_import, numbers integer[], sealed bytea[], blinds bytea[],
    last_days date[], tried_numbers integer[], tried bytea[]) returns incentives.voucher_import language plpgsql as
$$
begin
    perform pg_advisory_xact_lock(incentives.vouchers_of(import.district_id));
    perform 1 from incentives.prize p
    where p.district_id = import.district_id and p.prize_id = import.prize_id and p.kind = 'VOUCHER' for update;
    if not found or exists (select from incentives.voucher_import i
        where i.district_id = import.district_id and i.import_id = import.import_id) then
        return null;
    end if;

    if exists (select from unnest(tried) t (blind)
        join incentives.voucher v on v.district_id = import.district_id and v.code_blind = t.blind and v.withdrawn_by is null
        join incentives.prize o on o.district_id = v.district_id and o.prize_id = v.prize_id
        join incentives.prize p on p.district_id = import.district_id and p.prize_id = import.prize_id
        where v.prize_id <> import.prize_id and o.shop = p.shop) then
        raise exception 'a code of another prize' using errcode = 'check_violation', constraint = 'voucher_of_another_prize';
    end if;

    import.known := array(
        select number from unnest(import.known) number
        union
        select t.number from unnest(tried_numbers, tried) t (number, blind)
        join incentives.voucher v on v.district_id = import.district_id and v.prize_id = import.prize_id and v.code_blind = t.blind
            and v.withdrawn_by is null
        order by 1);

    insert into incentives.voucher (district_id, prize_id, import_id, code_sealed, code_blind, valid_until)
    select import.district_id, import.prize_id, import.import_id, o.sealed, o.blind, o.last_day
    from unnest(numbers, sealed, blinds, last_days) o (number, sealed, blind, last_day)
    where o.number <> all (import.known)
    order by o.number;
    get diagnostics import.added = row_count;

    update incentives.prize p set stock = p.stock + import.added, supplied = p.supplied + import.added
    where p.district_id = import.district_id and p.prize_id = import.prize_id;
    insert into incentives.voucher_import select import.*;
    return import;
end
$$;
