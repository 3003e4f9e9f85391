-- A shop's code is good once, so it belongs to one prize of a district: given twice, the second member would be sent away.
create index voucher_code on incentives.voucher (district_id, code_blind);

-- Who adds codes to a district waits for whoever does, and sees all that are there.
create function incentives.vouchers_of(district_id uuid) returns bigint language sql immutable as
$$ select hashtextextended('incentives.voucher:' || district_id, 0) $$;

-- Adds the codes that are not there yet, once an import, and answers which were; nothing where the prize is no voucher or the import
-- is known. A code may be there under an older key of the blind index: `tried` holds all its values. A code of another prize breaks
-- `voucher_of_another_prize`.
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
        join incentives.voucher v on v.district_id = import.district_id and v.code_blind = t.blind
        where v.prize_id <> import.prize_id) then
        raise exception 'a code of another prize' using errcode = 'check_violation', constraint = 'voucher_of_another_prize';
    end if;

    import.known := array(
        select number from unnest(import.known) number
        union
        select t.number from unnest(tried_numbers, tried) t (number, blind)
        join incentives.voucher v on v.district_id = import.district_id and v.prize_id = import.prize_id and v.code_blind = t.blind
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
