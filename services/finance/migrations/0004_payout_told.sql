-- What is told of a payout also says how it is paid and why it came back, so that its member can be told what to do.
create or replace function finance.note_payout() returns trigger language plpgsql as
$$
begin
    if tg_op = 'INSERT' or new.state <> old.state then
        insert into finance.payout_event (district_id, payout_id, sequence, state, text, by_id, at)
        select new.district_id, new.payout_id, coalesce(max(e.sequence), 0) + 1, new.state, new.reason, new.by_id, new.changed_at
        from finance.payout_event e where e.district_id = new.district_id and e.payout_id = new.payout_id;
        insert into finance.outbox (district_id, subject_id, type, payload, at)
        values (new.district_id, new.payout_id, 'hemei.finance.v1.PayoutChanged', jsonb_build_object('payout_id', new.payout_id,
            'person_id', new.person_id, 'month', new.month, 'gross_fen', new.gross_fen, 'net_fen', new.net_fen, 'state', new.state,
            'at', new.changed_at, 'method', new.method, 'reason', new.reason), new.changed_at);
    end if;
    return null;
end
$$;
