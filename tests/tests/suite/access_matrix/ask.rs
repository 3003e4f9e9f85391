//! How each RPC is asked about a resource.
use anyhow::{Context, Result};
use hemei_tests::{Answer, Client, Person, people, tickets};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    governance, rewards, transitions,
    world::{Whose, World},
};

/// What is asked for as a whole, as far as the caller reaches.
const LISTS: [&str; 34] = [
    "PersonService/GetMe",
    "DepartmentService/ListDepartments",
    "CategoryService/ListCategories",
    "TicketService/ListTickets",
    "StaffService/ListQueue",
    "TermsService/GetTerms",
    "TermsService/ListCalendarDays",
    "TermsService/ListDuties",
    "PrecedentService/ListPrecedents",
    "FigureService/GetFigures",
    "InboxService/ListInbox",
    "ChannelService/ListChannels",
    "CaseService/ListActions",
    "CaseService/ListAgendaItems",
    "CaseService/ListStrikes",
    "ChannelService/ListWordings",
    "PointsService/GetPoints",
    "PointsService/EstimatePoints",
    "PointsService/ListPointsActions",
    "PointsService/ListPointsEntries",
    "EarningRuleService/GetEarningRules",
    "AwardService/ListAwards",
    "PointsService/GetStatement",
    "FundService/ListFundActions",
    "PayoutService/GetAwardFund",
    "PayoutService/ListPayouts",
    "PayoutService/ListMyPayouts",
    "MonthService/ListMonths",
    "MonthService/GetMonthTerms",
    "RankingService/GetRanking",
    "AwardService/ListDoubtedAwards",
    "PrizeService/ListPickUpPoints",
    "PrizeService/ListPrizes",
    "RedemptionService/ListRedemptions",
];

/// Asks an RPC about a resource. `None`: the RPC has no such resource.
pub async fn ask(world: &World, rpc: &str, person: &Person, whose: Whose) -> Result<Option<Answer>> {
    let me = people::sign_in(&world.client, person).await?;
    let only_own = whose != Whose::Own;
    let answer = match rpc {
        "SessionService/RequestCode" | "SessionService/SignIn" | "SessionService/Refresh" | "SetupService/SetUp"
            if only_own =>
        {
            return Ok(None);
        }
        "SessionService/RequestCode" => me.post("/v1/session-codes", &json!({"phone": "1"})).await?,
        "SessionService/SignIn" => me.post("/v1/sessions", &json!({"phone": "1", "code": "1"})).await?,
        "SessionService/Refresh" => {
            let session = people::session(&world.client, &person.phone, Some(&person.district_id)).await?;
            me.post("/v1/sessions:refresh", &json!({"refresh_token": session["refresh_token"]})).await?
        }
        // Open to everybody who has the printed token; this one is none.
        "SetupService/SetUp" => told(me.post("/v1/setup", &setup()).await?, "SETUP_TOKEN_INVALID"),
        "SessionService/SignOut" if only_own => return Ok(None),
        "SessionService/SignOut" => {
            let session = people::session(&world.client, &person.phone, Some(&person.district_id)).await?;
            let token = session["access_token"].as_str().context("token")?;
            me.with_token(token).post("/v1/sessions:sign_out", &json!({})).await?
        }
        rpc if LISTS.contains(&rpc) && only_own => return Ok(None),
        rpc if LISTS.contains(&rpc) => {
            let method = proto::methods().values().find(|method| method.path.ends_with(rpc)).context("method")?;
            let Some(proto::google::api::http_rule::Pattern::Get(path)) =
                method.http.clone().and_then(|rule| rule.pattern)
            else {
                anyhow::bail!("{rpc} is a GET");
            };
            me.get(&path).await?
        }
        "PlaceService/ListPlaces" => {
            let at = world.point_for(person, whose)?;
            me.get(&format!("/v1/places?parent_id={}", at.place_id)).await?
        }
        "PlaceService/LocatePlace" => {
            let point = world.point_for(person, whose)?.location;
            me.get(&format!("/v1/places:locate?lng={}&lat={}&crs={}", point.lng, point.lat, point.crs)).await?
        }
        "PersonService/Appoint" => {
            let at = world.point_for(person, whose)?;
            let body = json!({"post_id": Uuid::now_v7(), "phone": "19912340000", "name": "测试", "role": "courier", "place_id": at.place_id});
            me.post("/v1/posts", &body).await?
        }
        "PersonService/EndPost" => return end_post(world, &me, whose).await,
        _ => return ask_services(world, rpc, person, &me, whose).await,
    };
    Ok(Some(answer))
}

async fn ask_services(world: &World, rpc: &str, person: &Person, me: &Client, whose: Whose) -> Result<Option<Answer>> {
    let answer = match rpc {
        "TicketService/Report" if whose == Whose::OtherPerson => return Ok(None),
        "TicketService/Report" => {
            let at = world.point_for(person, whose)?;
            me.post("/v1/tickets", &tickets::report(Uuid::now_v7(), &at)).await?
        }
        "TicketService/GetTicket" => {
            me.get(&format!("/v1/tickets/{}", world.ticket(person, whose, true).await?)).await?
        }
        "TicketService/ListEvents" => {
            me.get(&format!("/v1/tickets/{}/events", world.ticket(person, whose, true).await?)).await?
        }
        "TicketService/Claim" => {
            me.post(&format!("/v1/tickets/{}:claim", world.ticket(person, whose, false).await?), &json!({})).await?
        }
        "TicketService/Dispatch" => {
            let body = json!({"department_id": world.one("department_handler", &world.home)?.department_id});
            me.post(&format!("/v1/tickets/{}:dispatch", world.ticket(person, whose, false).await?), &body).await?
        }
        "TicketService/Accept" => {
            me.post(&format!("/v1/tickets/{}:accept", world.dispatched(person, whose).await?), &json!({})).await?
        }
        "TicketService/Rate" => {
            let body = json!({"satisfied": true});
            me.post(&format!("/v1/tickets/{}:rate", world.ticket(person, whose, true).await?), &body).await?
        }
        // Each item has an outcome of its own: whoever may ask at all is answered, whatever the items are.
        "StaffService/BulkDispatch" if whose != Whose::Own => return Ok(None),
        "StaffService/BulkDispatch" => {
            let item = json!({"ticket_id": Uuid::now_v7(), "department_id": Uuid::now_v7()});
            me.post("/v1/tickets:bulk_dispatch", &json!({"items": [item]})).await?
        }
        rpc if rpc.starts_with("TicketService/") => return transitions::ask(world, rpc, person, me, whose).await,
        "RedemptionService/Redeem" if whose == Whose::OtherPerson => return Ok(None),
        "RedemptionService/Redeem" => {
            let body = json!({"redemption_id": Uuid::now_v7(), "prize_id": world.prize(whose).await?, "quantity": 99});
            me.post("/v1/redemptions", &body).await?
        }
        // Nobody's redemption: to be refused for everybody, whatever the role; the owner's side is a journey.
        "RedemptionService/Cancel" if whose == Whose::Own => return Ok(None),
        "RedemptionService/Cancel" => {
            me.post(&format!("/v1/redemptions/{}:cancel", Uuid::now_v7()), &json!({})).await?
        }
        "RedemptionService/HandOver" if whose != Whose::Own => return Ok(None),
        "RedemptionService/HandOver" => {
            // An admitted worker is told that there is no such code.
            told(me.post("/v1/redemptions:hand_over", &json!({"code": "00000000"})).await?, "REDEMPTION_NOT_FOUND")
        }
        "FundService/GetFund" => me.get(&format!("/v1/funds/{}", world.compound(person, whose).await?)).await?,
        "FundService/ListFundEntries" => {
            me.get(&format!("/v1/funds/{}/entries", world.compound(person, whose).await?)).await?
        }
        "FundService/RecordEntry" => {
            let body = json!({"entry_id": Uuid::now_v7(), "kind": "INCOME", "purpose": "LIVELIHOOD", "amount_fen": 1, "text": "测试"});
            me.post(&format!("/v1/funds/{}/entries", world.compound(person, whose).await?), &body).await?
        }
        _ if governance::knows(rpc) => return governance::ask(world, rpc, person, me, whose).await,
        _ if rewards::knows(rpc) => return rewards::ask(rpc, me, whose).await,
        _ => anyhow::bail!("{rpc} is missing from the matrix: say here how to ask it"),
    };
    Ok(Some(answer))
}

fn setup() -> Value {
    json!({"token": "x", "district_name": "测试区", "district_code": "t", "name": "测试", "phone": "19912340002"})
}

/// Counts as admitted when the refusal is of the thing, not of the caller.
fn told(answer: Answer, code: &str) -> Answer {
    if answer.code() == code { Answer { status: http::StatusCode::OK, ..answer } } else { answer }
}

async fn end_post(world: &World, me: &Client, whose: Whose) -> Result<Option<Answer>> {
    let district = if whose == Whose::OtherDistrict { &world.away } else { &world.home };
    let admin = world.signed_in("district_admin", district).await?;
    let at = world.one("liaison", district)?;
    let post_id = Uuid::now_v7();
    let body =
        json!({"post_id": post_id, "phone": "19912340001", "name": "测试", "role": "courier", "place_id": at.place_id});
    admin.post("/v1/posts", &body).await?.success()?;
    Ok(Some(me.post(&format!("/v1/posts/{post_id}:end"), &json!({})).await?))
}
