-- A ledger of plpgsql transfers as pgledger has it: text keys by time, foreign keys, a transfer with two entries that say the balance
-- before and after, accounts locked in order, batches in one call. Written anew for this comparison.
drop schema if exists bench cascade;
create schema bench;

create function bench.id(prefix text) returns text language sql volatile as
$$
    select prefix || encode(substring(int8send(floor(ms)::bigint) from 3)
        || int2send((7 << 12 | ((ms - floor(ms)) * 4096)::integer)::smallint)
        || substring(uuid_send(gen_random_uuid()) from 9 for 8), 'hex')
    from (select extract(epoch from clock_timestamp()) * 1000 as ms) now
$$;

create table bench.account (
    id text primary key default bench.id('a_'),
    name text not null,
    currency text not null default 'POINT',
    balance numeric not null default 0,
    version bigint not null default 0,
    may_be_negative boolean not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table bench.transfer (
    id text primary key default bench.id('t_'),
    from_id text not null references bench.account,
    to_id text not null references bench.account,
    amount numeric not null,
    created_at timestamptz not null default now(),
    event_at timestamptz not null,
    metadata jsonb,
    check (amount > 0 and from_id <> to_id)
);
create index on bench.transfer (from_id);
create index on bench.transfer (to_id);
create index on bench.transfer (event_at);

create table bench.entry (
    id text primary key default bench.id('e_'),
    account_id text not null references bench.account,
    transfer_id text not null references bench.transfer,
    amount numeric not null,
    previous_balance numeric not null,
    current_balance numeric not null,
    account_version bigint not null,
    created_at timestamptz not null default now()
);
create index on bench.entry (account_id);
create index on bench.entry (transfer_id);

create type bench.request as (from_id text, to_id text, amount numeric);

create function bench.check_balance(a bench.account) returns void language plpgsql as
$$
begin
    if not a.may_be_negative and a.balance < 0 then
        raise exception 'account % may not be negative', a.name;
    end if;
end
$$;

create function bench.transfer_all(requests bench.request[], event_at timestamptz default null, metadata jsonb default null)
returns setof bench.transfer language plpgsql as
$$
declare
    request bench.request;
    accounts text[];
    one text;
    made text[] := '{}';
    source bench.account;
    target bench.account;
begin
    select array(select distinct leg from unnest(requests) r cross join lateral (values (r.from_id), (r.to_id)) l (leg) order by leg)
    into accounts;
    foreach one in array accounts loop
        perform a.id from bench.account a where a.id = one for update;
    end loop;
    foreach request in array requests loop
        if request.amount <= 0 or request.from_id = request.to_id then
            raise exception 'a transfer moves something to another account';
        end if;
        update bench.account a set balance = a.balance - request.amount, version = a.version + 1, updated_at = now()
        where a.id = request.from_id returning * into source;
        perform bench.check_balance(source);
        update bench.account a set balance = a.balance + request.amount, version = a.version + 1, updated_at = now()
        where a.id = request.to_id returning * into target;
        perform bench.check_balance(target);
        if source.currency <> target.currency then
            raise exception 'a transfer stays in one currency';
        end if;
        insert into bench.transfer (from_id, to_id, amount, event_at, metadata)
        values (request.from_id, request.to_id, request.amount, coalesce(transfer_all.event_at, now()), transfer_all.metadata)
        returning id into one;
        made := array_append(made, one);
        insert into bench.entry (account_id, transfer_id, amount, previous_balance, current_balance, account_version)
        values (source.id, one, -request.amount, source.balance + request.amount, source.balance, source.version);
        insert into bench.entry (account_id, transfer_id, amount, previous_balance, current_balance, account_version)
        values (target.id, one, request.amount, target.balance - request.amount, target.balance, target.version);
    end loop;
    return query select * from bench.transfer t where t.id = any (made) order by t.id;
end
$$;

create function bench.transfer_one(from_id text, to_id text, amount numeric, event_at timestamptz default null,
    metadata jsonb default null) returns setof bench.transfer language plpgsql as
$$
begin
    return query select * from bench.transfer_all(array[row(from_id, to_id, amount)::bench.request], event_at, metadata);
end
$$;

-- Every member with a budget of its own, and one budget for all.
insert into bench.account (id, name, may_be_negative)
select 'a_' || md5(n::text), n::text, false from generate_series(0, 9999) n
union all select 'b_' || md5(n::text), n::text, true from generate_series(0, 9999) n
union all select 'budget', 'budget', true;
analyze bench.account;
