//! Members of the main messages that must fit each other: one moment of one story, a report that nobody has claimed yet.
use serde_json::{Map, Value, json};

/// Puts the story's values over those found by name.
pub fn tell(message: &str, members: &mut Map<String, Value>) {
    let Value::Object(told) = of(message) else { return };
    for (name, value) in told {
        if let Some(member) = members.get_mut(&name) {
            *member = value;
        }
    }
}

fn of(message: &str) -> Value {
    match message {
        "hemei.tickets.v1.Ticket" => json!({
            "state": "POOL", "level": "SUBDISTRICT", "priority": "P1", "claim_by": "2026-11-23T01:30:00Z",
            "received_at": "2026-11-23T01:00:00Z", "captured_at": "2026-11-23T00:58:40Z",
            "promised_by": "2026-11-25T01:00:00Z", "claimed_at": null, "claimed_late": false, "claimed_by_name": "",
            "dispatched_at": null, "resolve_by": null, "resolved_at": null, "department": null, "resolution_text": "",
            "satisfied": null, "escalation_step": 0, "reopen_count": 0, "coordination_reason": "", "etag": "\"1\"",
            "closed_at": null, "invitations": [], "council_resolution": null, "reporter_strikes": null,
        }),
        "hemei.tickets.v1.Ticket.PlaceRef" => json!({
            "name": "松鹤小区", "full_name": "向阳街道 松鹤社区 松鹤小区", "level": "COMPOUND", "path": "gn.xy.sh.03",
        }),
        "hemei.tickets.v1.Ticket.Reporter" => json!({"name": "李志强", "role": "courier"}),
        "hemei.tickets.v1.Ticket.DepartmentRef" => json!({"name": "城市管理局"}),
        "hemei.tickets.v1.TicketEvent" => json!({
            "sequence": 1, "transition": "T1", "from_state": null, "to_state": "POOL", "actor_role": "courier",
            "timer": "", "text": "",
        }),
        "hemei.residents.v1.Department" => json!({"name": "城市管理局", "code": "cgj"}),
        "hemei.residents.v1.HeldPost" => json!({
            "role": "courier", "place_name": "工农区", "place_path": "gn", "level": "DISTRICT", "department_id": null,
            "department_name": null, "until_date": null,
        }),
        _ => of_points(message),
    }
}

fn of_points(message: &str) -> Value {
    match message {
        "hemei.incentives.v1.Points" => json!({"available": 60, "pending": 10, "reserved": 0}),
        "hemei.incentives.v1.PointsEntry" => json!({
            "bucket": "AVAILABLE", "amount": 10, "balance_after": 60, "redemption_id": null, "text": "上报办结",
        }),
        "hemei.incentives.v1.Prize" => json!({
            "name": "防寒手套", "points": 60, "stock": 12, "hold_hours": 72, "kind": "GOODS",
            "pickup_hours": "周一至周五 9:00–18:00",
        }),
        "hemei.incentives.v1.PickUpPoint" => json!({
            "name": "向阳社区服务站", "address": "向阳路 5 号", "phone": "0454-1234567", "opening_text": "周一至周五 9:00–18:00",
            "open_now": true, "open_until": "2026-11-23T10:00:00Z", "opens_at": null,
        }),
        "hemei.incentives.v1.PutPickUpPointRequest" => json!({
            "name": "向阳社区服务站", "address": "向阳路 5 号", "phone": "0468-0000000",
        }),
        "hemei.incentives.v1.OpeningTimes.Weekly" => json!({"weekday": 1, "from": "9:00", "to": "18:00"}),
        "hemei.incentives.v1.OpeningTimes.Day" => json!({"date": "2027-01-01", "hours": [], "note": "元旦"}),
        "hemei.incentives.v1.OpeningTimes.Hours" => json!({"from": "9:00", "to": "12:00"}),
        "hemei.incentives.v1.Redemption" => json!({
            "quantity": 1, "points": 60, "state": "RESERVED", "created_at": "2026-11-23T07:00:00Z",
            "expires_at": "2026-11-26T07:00:00Z", "ended_at": null, "handed_over_at": null, "code": "48291307",
            "qr_text": "HEMEI:R:48291307", "qr_svg": "<svg xmlns=\"http://www.w3.org/2000/svg\" …</svg>",
            "prize_kind": "GOODS", "valid_until": "",
        }),
        "hemei.incentives.v1.HandOverRequest" => json!({
            "code": "48291307", "handed_over_at": "2026-11-24T02:15:00Z",
        }),
        "hemei.incentives.v1.HandOverManyResponse.Outcome" => json!({
            "code": "48291307", "reason": "REDEMPTION_ENDED", "message": "这个兑换已经结束（已取消）。",
            "detail": "the redemption is Cancelled", "retryable": false, "redemption": null,
        }),
        "hemei.incentives.v1.ImportVoucherCodesRequest" => json!({
            "codes": ["ZC-GN-0001", "ZC-GN-0002"], "valid_until": "2027-06-30",
        }),
        "hemei.incentives.v1.ReturnMonthRequest" => {
            json!({"month": "2026-11", "reason": "第二名金额有误", "version": 3})
        }
        "hemei.incentives.v1.VoucherImport" => json!({"added": 1, "known": [1]}),
        _ => of_money(message),
    }
}

fn of_money(message: &str) -> Value {
    match message {
        "hemei.finance.v1.Fund" => json!({"place_name": "松鹤小区", "balance_fen": 5_628_000}),
        "hemei.finance.v1.Fund.PurposeBalance" => json!({"purpose": "REPAIR", "balance_fen": 5_628_000}),
        "hemei.finance.v1.FundEntry" => json!({
            "kind": "SPENDING", "purpose": "REPAIR", "amount_fen": 128_000, "balance_after_fen": 5_628_000,
            "text": "更换 3 单元门禁", "recorded_by_name": "周敏",
        }),
        "hemei.finance.v1.CancelTransferRequest" => json!({"reason": "获奖人更换手机号"}),
        "hemei.finance.v1.FundAction" => json!({
            "actor_role": "district_admin", "act": "CANCEL_TRANSFER", "subject": "019aaf2c-6b1e-7c3d-9a51-3f6d1b2a7c91",
            "detail": "{\"reason\": \"获奖人更换手机号\"}",
        }),
        _ => of_casework(message),
    }
}

/// What is kept beside the tickets.
fn of_casework(message: &str) -> Value {
    match message {
        "hemei.tickets.v1.CouncilResolution" => json!({
            "decision": "KEEP", "text": "资金列入下季度计划", "held_on": "2026-11-20", "review_at": "2026-12-15T01:00:00Z",
        }),
        "hemei.tickets.v1.AgendaItem" => json!({
            "title": "【积雪结冰】松鹤小区", "reason": "除雪设备未到位", "council_path": "gn.xy", "council_name": "向阳街道",
            "due": false, "review_at": "2026-12-15T01:00:00Z", "ticket_state": "CLOSED_NOFIX",
        }),
        "hemei.tickets.v1.Strike" => json!({
            "person_name": "李志强", "reason": "照片系伪造", "lifted_at": null, "appealed": false,
        }),
        _ => Value::Null,
    }
}
