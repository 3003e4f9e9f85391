-- Payouts by WeChat merchant transfer. Every try is a row that is written before WeChat is called, and that names the one number the
-- transfer ever has. A transfer that has not ended always has a next_at: it is looked at again, whatever happened to whoever tried.

alter table finance.payout
    drop constraint payout_method,
    add constraint payout_method check (method in ('BANK', 'IN_PERSON', 'WECHAT')),
    -- Whom WeChat pays, sealed; forgotten once the payout is paid or offered again.
    add column openid_sealed bytea,
    -- A blind index of the code that the openid was had for: the same claim again is known.
    add column code_blind bytea,
    add constraint payout_openid check ((openid_sealed is null) = (code_blind is null)
        and (openid_sealed is null or method is not distinct from 'WECHAT')),
    drop constraint payout_batch,
    add constraint payout_batch check (state <> 'SENT' or (method is not distinct from 'BANK' and batch_id is not null)
        or (method is not distinct from 'WECHAT' and openid_sealed is not null));
create index payout_for_wechat on finance.payout (ordered_at, payout_id) where state = 'READY' and method = 'WECHAT';

-- The number of a transfer: the same payout in the same round has the same one.
create function finance.out_bill_no(district uuid, payout uuid, round integer) returns text language sql immutable as
$$ select md5(district || ':' || payout || ':' || round || ':WECHAT') $$;

create table finance.wechat_transfer (
    district_id uuid not null,
    payout_id uuid not null,
    -- Of the payout, when it was tried.
    round integer not null,
    out_bill_no text collate "C" not null,
    mch_id text collate "C" not null,
    app_id text collate "C" not null,
    amount_fen bigint not null constraint wechat_transfer_amount check (amount_fen between 10 and 199999),
    state text collate "C" not null constraint wechat_transfer_state check (state in ('TRIED', 'ACCEPTED', 'PROCESSING',
        'WAIT_USER_CONFIRM', 'TRANSFERING', 'CANCELING', 'SUCCESS', 'FAIL', 'CANCELLED', 'REFUSED')),
    -- The body of the request, sealed, so that it is repeated letter by letter; forgotten at the end.
    request_sealed bytea,
    -- What the member's WeChat needs to confirm; only the answer to the request names it.
    package_sealed bytea,
    transfer_bill_no text,
    -- Why it did not succeed, in WeChat's code; and the code with which the request itself was refused, and when.
    fail_reason text not null default '',
    refusal text not null default '',
    refused_at timestamptz,
    -- How often it was looked at in this state: names the pause.
    tries integer not null default 0,
    next_at timestamptz,
    confirm_by timestamptz,
    tried_at timestamptz not null,
    changed_at timestamptz not null,
    constraint wechat_transfer_key primary key (district_id, payout_id, round),
    constraint wechat_transfer_number unique (out_bill_no),
    constraint wechat_transfer_ended check ((state in ('SUCCESS', 'FAIL', 'CANCELLED', 'REFUSED')) = (next_at is null)
        and (next_at is null) = (request_sealed is null))
);
create index wechat_transfer_due on finance.wechat_transfer (next_at) where next_at is not null;
-- A payout has one transfer under way, and succeeds once.
create unique index wechat_transfer_open on finance.wechat_transfer (district_id, payout_id) where next_at is not null;
create unique index wechat_transfer_paid on finance.wechat_transfer (district_id, payout_id) where state = 'SUCCESS';

-- As before, but a payout that was offered again keeps the reason why.
create or replace function finance.hold_waiting(district uuid, now timestamptz) returns integer language plpgsql as
$$
declare
    fund uuid;
    left_fen bigint;
    held integer := 0;
    waiting finance.payout;
begin
    select f.fund_id into fund from finance.award_fund f where f.district_id = district;
    select a.posted into left_fen from finance.account a
    where a.district_id = district and a.owner_id = fund and a.purpose = 'AVAILABLE' for update;
    for waiting in
        select p.* from finance.payout p where p.district_id = district and p.state = 'WAITING'
        order by p.ordered_at, p.rank, p.payout_id for update
    loop
        exit when left_fen is null or waiting.gross_fen > left_fen;
        left_fen := left_fen - waiting.gross_fen;
        held := held + 1;
        perform finance.move(array[row(district, fund, 'HOLD', waiting.gross_fen, 'AVAILABLE', 'HELD',
            finance.movement_id(waiting.payout_id, waiting.round + 1, 'HOLD'), format('%s 第%s名奖励预留', waiting.month, waiting.rank),
            null, waiting.person_id, now)::finance.movement]);
        update finance.payout p set state = 'READY', round = p.round + 1, changed_at = now, by_id = null
        where p.district_id = district and p.payout_id = waiting.payout_id;
    end loop;
    return held;
end
$$;
