//! What the books say beside the balances, against the rows they are about.
use sqlx::PgPool;

use super::ledger::Difference;

/// An AWARD that is not its ticket's as it was heard of: none where a closed report earns one and nothing says why not, one of
/// another person or of no such ticket, one that waits for a ticket that has ended. Tickets are kept since some release: awards from
/// before it are left alone.
pub async fn awards(pool: &PgPool) -> sqlx::Result<Vec<Difference>> {
    sqlx::query_as!(
        Difference,
        r#"select t.district_id as "district_id!", t.ticket_id as "subject_id!", 'AWARD' as "what!",
            concat_ws(' ', a.rule, a.state, a.person_id) as "kept!", concat_ws(' ', t.state, t.reporter_id) as "told!"
        from incentives.ticket t
        left join incentives.award a on a.district_id = t.district_id and a.ticket_id = t.ticket_id and a.rule = 'REPORT'
        where t.state = 'CLOSED' and t.earns
            and (a.state = 'PENDING' or (a.person_id is distinct from t.reporter_id or a.state = 'VOID' and a.decided_by is null)
                and not exists (select from incentives.award_refusal n where n.district_id = t.district_id
                    and n.ticket_id = t.ticket_id and n.rule = 'REPORT' and n.person_id = t.reporter_id))
        union
        select a.district_id, a.ticket_id, 'AWARD', concat_ws(' ', a.rule, a.state, a.person_id), concat_ws(' ', t.state, t.reporter_id)
        from incentives.award a
        left join incentives.ticket t on t.district_id = a.district_id and t.ticket_id = a.ticket_id
        where t.ticket_id is null and a.awarded_at >= (select min(o.received_at) from incentives.ticket o where o.district_id = a.district_id)
            or a.state <> 'VOID' and (a.person_id <> t.reporter_id or not t.earns)
            or a.rule = 'REPORT' and a.state in ('PENDING', 'HELD') and t.state in ('INVALID', 'WITHDRAWN', 'MERGED')
        limit 1000"#
    )
    .fetch_all(pool)
    .await
}

/// A SHARE that is not what was told of who reported the same: none where one is due and nothing says why not, one of another person,
/// of nobody who did, or one that waits though its parent is closed or brings it nothing. Of those merged before it was kept who
/// shares, only whether they were merged is asked.
pub async fn shares(pool: &PgPool) -> sqlx::Result<Vec<Difference>> {
    sqlx::query_as!(
        Difference,
        r#"with due as (
            select c.district_id, c.ticket_id, c.person_id, c.shares, p.state,
                c.shares and p.state <> 'INVALID' and c.person_id <> p.reporter_id as due
            from incentives.co_report c
            join incentives.ticket p on p.district_id = c.district_id and p.ticket_id = c.parent_id
        ), share as (
            select district_id, ticket_id, person_id, state, state = 'VOID' and decided_by is null as ended
            from incentives.award where rule = 'CO_REPORT'
        )
        select d.district_id as "district_id!", d.ticket_id as "subject_id!", 'SHARE' as "what!",
            concat_ws(' ', s.state, s.person_id) as "kept!", concat_ws(' ', d.state, d.shares, d.person_id) as "told!"
        from due d left join share s on s.district_id = d.district_id and s.ticket_id = d.ticket_id
        where s.person_id <> d.person_id and not s.ended
            or d.due and d.state = 'CLOSED' and s.state = 'PENDING'
            or not d.due and s.state in ('PENDING', 'HELD')
            or d.due and coalesce(s.ended, true) and not exists (select from incentives.award_refusal n
                where n.district_id = d.district_id and n.ticket_id = d.ticket_id and n.rule = 'CO_REPORT' and n.person_id = d.person_id)
        union all
        select s.district_id, s.ticket_id, 'SHARE', concat_ws(' ', s.state, s.person_id), concat_ws(' ', t.state, t.reporter_id)
        from share s
        left join incentives.ticket t on t.district_id = s.district_id and t.ticket_id = s.ticket_id
        where not s.ended and (t.state, t.reporter_id) is distinct from ('MERGED', s.person_id)
            and not exists (select from due d where d.district_id = s.district_id and d.ticket_id = s.ticket_id)
        limit 1000"#
    )
    .fetch_all(pool)
    .await
}

/// A member's SCORE that is not what became active in the month it counts in, without what was taken back. What was heard after its
/// month was closed counts in a later one that is closed too by now: all until the first open month are one sum.
pub async fn scores(pool: &PgPool) -> sqlx::Result<Vec<Difference>> {
    sqlx::query_as!(
        Difference,
        r#"with open as (
            select district_id, (max(month) + interval '1 month')::date as month from incentives.month group by 1
        ), kept as (
            select s.district_id, s.person_id, greatest(s.month, o.month) as month, sum(s.points)::int8 as points
            from incentives.score s left join open o using (district_id) group by 1, 2, 3
        ), told as (
            select t.district_id, t.person_id, greatest(incentives.month_of(t.at), o.month) as month,
                sum(case t.kind when 'ACTIVATE' then t.amount else -t.amount end)::int8 as points
            from incentives.transfer t
            left join incentives.transfer u on u.district_id = t.district_id and u.transfer_id = t.reverses
            left join open o on o.district_id = t.district_id
            where t.kind = 'ACTIVATE' or u.kind = 'ACTIVATE' group by 1, 2, 3
        )
        select district_id as "district_id!", person_id as "subject_id!", 'SCORE' as "what!",
            month || ' ' || coalesce(k.points, 0) as "kept!", month || ' ' || coalesce(t.points, 0) as "told!"
        from kept k full join told t using (district_id, person_id, month)
        where coalesce(k.points, 0) <> coalesce(t.points, 0)
        limit 1000"#
    )
    .fetch_all(pool)
    .await
}

/// Points that did not move as often as they should: of an award (AWARD_MOVES) or a redemption (REDEMPTION_MOVES); a LOT that is
/// not what it brought without what was taken from it; a member whose DEBITS took something else from lots, or whose REVERSALS are not
/// the opposite of what they undo.
pub async fn moves(pool: &PgPool) -> sqlx::Result<Vec<Difference>> {
    sqlx::query_as!(
        Difference,
        r#"with moved as (
            select t.district_id, t.ticket_id, split_part(coalesce(u.request_key, t.request_key), ':', 3) as rule, count(*) as many
            from incentives.transfer t
            left join incentives.transfer u on u.district_id = t.district_id and u.transfer_id = t.reverses
            where t.ticket_id is not null group by 1, 2, 3
        ), held as (
            select district_id, redemption_id, count(*) filter (where credit_purpose = 'RESERVED') as held,
                count(*) filter (where debit_purpose = 'RESERVED') as ended
            from incentives.transfer where redemption_id is not null group by 1, 2
        ), used as (
            select district_id, lot_id, sum(amount)::int8 as amount from incentives.lot_use group by 1, 2
        ), taken as (
            select district_id, transfer_id, sum(amount)::int8 as amount from incentives.lot_use group by 1, 2
        )
        select district_id as "district_id!", ticket_id as "subject_id!", 'AWARD_MOVES' as "what!",
            concat_ws(' ', rule, a.state, coalesce(m.many, 0)) as "kept!",
            coalesce(2 * a.round + case a.state when 'PENDING' then 1 when 'HELD' then 1 when 'REVERSED' then 3 else 2 end, 0)::text as "told!"
        from incentives.award a full join moved m using (district_id, ticket_id, rule)
        where m.many is distinct from
            2 * a.round + case a.state when 'PENDING' then 1 when 'HELD' then 1 when 'REVERSED' then 3 else 2 end
        union all
        select r.district_id, r.redemption_id, 'REDEMPTION_MOVES', concat_ws(' ', r.state, coalesce(h.held, 0), coalesce(h.ended, 0)),
            concat_ws(' ', e.held, e.ended)
        from incentives.redemption r
        cross join lateral (select case r.kind when 'GOODS' then 1 else 0 end as held,
            case when r.kind = 'VOUCHER' or r.state = 'RESERVED' then 0 else 1 end as ended) e
        left join held h on h.district_id = r.district_id and h.redemption_id = r.redemption_id
        where (coalesce(h.held, 0), coalesce(h.ended, 0)) <> (e.held, e.ended)
        union all
        select l.district_id, l.person_id, 'LOT', concat_ws(' ', l.lot_id, l.remaining), (l.amount - coalesce(u.amount, 0))::text
        from incentives.lot l left join used u on u.district_id = l.district_id and u.lot_id = l.lot_id
        where l.lot_id > 0 and l.remaining <> l.amount - coalesce(u.amount, 0)
        union all
        select t.district_id, t.person_id, 'DEBITS', concat_ws(' ', t.transfer_id, coalesce(k.amount, 0)), t.amount::text
        from incentives.transfer t left join taken k on k.district_id = t.district_id and k.transfer_id = t.transfer_id
        where t.debit_purpose = 'AVAILABLE' and k.amount is distinct from t.amount
            -- debits from before there were lots took from none
            and t.transfer_id >= (select min(o.transfer_id) from incentives.lot_use o where o.district_id = t.district_id)
        union all
        select r.district_id, r.person_id, 'REVERSALS', concat_ws(' ', r.transfer_id, r.amount, r.debit_purpose, r.credit_purpose),
            concat_ws(' ', t.transfer_id, t.amount, t.credit_purpose, t.debit_purpose)
        from incentives.transfer r
        left join incentives.transfer t on t.district_id = r.district_id and t.transfer_id = r.reverses
        where r.kind = 'REVERSE'
            and (t.amount, t.person_id, t.credit_purpose, case t.kind when 'ACTIVATE' then 'BUDGET' else t.debit_purpose end)
                is distinct from (r.amount, r.person_id, r.debit_purpose, r.credit_purpose)
        limit 1000"#
    )
    .fetch_all(pool)
    .await
}

/// A prize whose STOCK is not what was supplied without what is reserved or handed over, whose SUPPLIED is not what was brought, counted
/// and written off, whose CODES left are not its stock, whose
/// SHELVES together do not hold it; a redemption without exactly one VOUCHER of its own, or one that is nobody's.
pub async fn prizes(pool: &PgPool) -> sqlx::Result<Vec<Difference>> {
    sqlx::query_as!(
        Difference,
        r#"with out as (
            select district_id, prize_id, sum(quantity) filter (where state in ('RESERVED', 'HANDED_OVER'))::int8 as gone,
                sum(quantity) filter (where state = 'RETURNED' and not restocked)::int8 as lost
            from incentives.redemption group by 1, 2
        ), counted as (
            select district_id, prize_id, sum(counted - expected)::int8 as more from incentives.stock_take group by 1, 2
        ), shelves as (
            select district_id, prize_id, sum(stock)::int8 as stock, sum(imported)::int8 as imported from incentives.prize_point group by 1, 2
        ), codes as (
            select district_id, prize_id, count(*) filter (where redemption_id is null and withdrawn_at is null) as unused,
                count(*) filter (where withdrawn_at is not null) as withdrawn
            from incentives.voucher group by 1, 2
        ), added as (
            select district_id, prize_id, sum(added)::int8 as codes from incentives.voucher_import group by 1, 2
        ), prize as (
            select p.district_id, p.prize_id, p.kind, p.stock, p.supplied, coalesce(c.unused, 0) as unused, b.stock as shelved,
                p.supplied - coalesce(o.gone, 0) as left_over,
                case p.kind when 'GOODS' then coalesce(b.imported, 0) + coalesce(t.more, 0) - coalesce(o.lost, 0)
                    else coalesce(i.codes, 0) - coalesce(c.withdrawn, 0) end as brought
            from incentives.prize p
            left join out o on o.district_id = p.district_id and o.prize_id = p.prize_id
            left join shelves b on b.district_id = p.district_id and b.prize_id = p.prize_id
            left join counted t on t.district_id = p.district_id and t.prize_id = p.prize_id
            left join codes c on c.district_id = p.district_id and c.prize_id = p.prize_id
            left join added i on i.district_id = p.district_id and i.prize_id = p.prize_id
        )
        select p.district_id as "district_id!", p.prize_id as "subject_id!", way.what as "what!", way.kept::text as "kept!",
            way.told::text as "told!"
        from prize p
        cross join lateral (values ('STOCK', p.stock, p.left_over), ('SUPPLIED', p.supplied, p.brought),
            ('SHELVES', case p.kind when 'GOODS' then coalesce(p.shelved, -1) end, p.stock),
            ('CODES', case p.kind when 'VOUCHER' then p.unused end, case p.kind when 'VOUCHER' then p.stock end)) way (what, kept, told)
        where way.kept <> way.told
        union all
        select district_id, redemption_id, 'VOUCHER', coalesce(v.voucher_id::text, 'NONE'), coalesce(r.state, 'NONE')
        from (select * from incentives.redemption where kind = 'VOUCHER') r
        full join (select * from incentives.voucher where redemption_id is not null) v using (district_id, redemption_id)
        where (r.prize_id, r.code_sealed) is distinct from (v.prize_id, v.code_sealed)
        limit 1000"#
    )
    .fetch_all(pool)
    .await
}

/// A pick-up point at which a prize's POINT_STOCK is not what was supplied there without what is reserved or handed over there, or its
/// POINT_SUPPLIED not what was brought, counted and written off there.
pub async fn shelves(pool: &PgPool) -> sqlx::Result<Vec<Difference>> {
    sqlx::query_as!(
        Difference,
        r#"with out as (
            select district_id, prize_id, pickup_place_id as place_id,
                sum(quantity) filter (where state in ('RESERVED', 'HANDED_OVER'))::int8 as gone,
                sum(quantity) filter (where state = 'RETURNED' and not restocked)::int8 as lost
            from incentives.redemption where kind = 'GOODS' group by 1, 2, 3
        ), counted as (
            select t.district_id, t.prize_id, coalesce(t.place_id, p.pickup_place_id) as place_id, sum(t.counted - t.expected)::int8 as more
            from incentives.stock_take t join incentives.prize p on p.district_id = t.district_id and p.prize_id = t.prize_id
            group by 1, 2, 3
        )
        select s.district_id, s.prize_id as "subject_id!", way.what as "what!", s.place_id || ' ' || way.kept as "kept!",
            s.place_id || ' ' || way.told as "told!"
        from incentives.prize_point s
        left join out o on o.district_id = s.district_id and o.prize_id = s.prize_id and o.place_id = s.place_id
        left join counted t on t.district_id = s.district_id and t.prize_id = s.prize_id and t.place_id = s.place_id
        cross join lateral (values ('POINT_STOCK', s.stock, s.supplied - coalesce(o.gone, 0)),
            ('POINT_SUPPLIED', s.supplied, s.imported + coalesce(t.more, 0) - coalesce(o.lost, 0))) way (what, kept, told)
        where way.kept <> way.told
        limit 1000"#
    )
    .fetch_all(pool)
    .await
}
