//! Every RPC × every role × (own, another person's, another district's) resource: only what the access option says passes.
use std::collections::BTreeSet;

use anyhow::{Context, Result};
use hemei_tests::{
    Answer, Client, Instance, Person,
    people::{self, ROLES},
    tickets,
};
use proto::api::v1::{Access, access::Rows, post::Role};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    OtherPerson,
    OtherDistrict,
}

/// Two districts with all their people.
struct World {
    client: Client,
    people: Vec<Person>,
    home: String,
    away: String,
}

impl World {
    async fn look(client: &Client) -> Result<Self> {
        let people = people::all(client).await?;
        let home = people[0].district_id.clone();
        let away = people.iter().find(|person| person.district_id != home).context("a second district")?.district_id.clone();
        Ok(Self { client: client.clone(), people, home, away })
    }

    fn of<'w>(&'w self, role: &'w str, district: &'w str) -> impl Iterator<Item = &'w Person> {
        self.people.iter().filter(move |person| person.role == role && person.district_id == district)
    }

    fn one(&self, role: &str, district: &str) -> Result<Person> {
        self.of(role, district).next().cloned().with_context(|| format!("no {role}"))
    }

    async fn signed_in(&self, role: &str, district: &str) -> Result<Client> {
        people::sign_in(&self.client, &self.one(role, district)?).await
    }

    /// Where a resource has to lie for a person: at the person's own point, elsewhere in the district, or in the other one.
    fn point_for(&self, person: &Person, whose: Whose) -> Result<Person> {
        let other_street = |candidate: &&Person| {
            candidate.place_id != person.place_id && (candidate.location.lng, candidate.location.lat) != (person.location.lng, person.location.lat)
        };
        match whose {
            Whose::Own => Ok(person.clone()),
            Whose::OtherPerson => self.of("liaison", &self.home).find(other_street).cloned().context("another street"),
            Whose::OtherDistrict => self.one("liaison", &self.away),
        }
    }

    /// A fresh ticket at the right place, reported by a courier, or by the person themself.
    async fn ticket(&self, person: &Person, whose: Whose, mine: bool) -> Result<String> {
        let at = self.point_for(person, whose)?;
        let reporter = match whose {
            Whose::Own if mine => people::sign_in(&self.client, person).await?,
            Whose::OtherDistrict => self.signed_in("courier", &self.away).await?,
            _ => self.other("courier", person).await?,
        };
        let id = Uuid::now_v7();
        reporter.post("/v1/tickets", &tickets::report(id, &at)).await?.success()?;
        Ok(id.to_string())
    }

    /// Somebody in a role of the home district who is not this person.
    async fn other(&self, role: &str, person: &Person) -> Result<Client> {
        let other = self.of(role, &self.home).find(|other| other.person_id != person.person_id).context("another")?;
        people::sign_in(&self.client, other).await
    }

    /// A ticket dispatched to the person's department, to another one, or in the other district.
    async fn dispatched(&self, person: &Person, whose: Whose) -> Result<String> {
        let district = if whose == Whose::OtherDistrict { &self.away } else { &self.home };
        let liaison = self.one("liaison", district)?;
        let mine = person.department_id.clone();
        let fits = |handler: &&Person| match whose {
            Whose::Own => mine.is_none() || handler.department_id == mine,
            _ => handler.department_id != mine,
        };
        let handler = self.of("department_handler", district).find(fits).context("a handler")?;
        let id = Uuid::now_v7();
        let courier = self.signed_in("courier", district).await?;
        courier.post("/v1/tickets", &tickets::report(id, &liaison)).await?.success()?;
        let as_liaison = people::sign_in(&self.client, &liaison).await?;
        as_liaison.post(&format!("/v1/tickets/{id}:claim"), &json!({})).await?.success()?;
        let body = json!({"department_id": handler.department_id});
        as_liaison.post(&format!("/v1/tickets/{id}:dispatch"), &body).await?.success()?;
        Ok(id.to_string())
    }

    /// The compound a person is in, another one, or one of the other district.
    async fn compound(&self, person: &Person, whose: Whose) -> Result<String> {
        let at = match whose {
            Whose::Own => person.clone(),
            Whose::OtherPerson => {
                let elsewhere = |other: &&Person| other.place_id != person.place_id && other.place_name != person.place_name;
                let others = self.of("home_observer", &self.home).filter(elsewhere);
                others.last().cloned().context("another compound")?
            }
            Whose::OtherDistrict => self.one("property_manager", &self.away)?,
        };
        let viewer = self.signed_in("auditor", &at.district_id).await?;
        let point = &at.location;
        let path = format!("/v1/places:locate?lng={}&lat={}&crs={}", point.lng, point.lat, point.crs);
        let located = viewer.get(&path).await?.success()?;
        let compound = located["compound"]["place_id"].as_str().or(located["nearest"][0]["place"]["place_id"].as_str());
        Ok(compound.context("a compound")?.to_owned())
    }

    async fn prize(&self, whose: Whose) -> Result<String> {
        let district = if whose == Whose::OtherDistrict { &self.away } else { &self.home };
        let prizes = self.signed_in("courier", district).await?.get("/v1/prizes").await?.success()?;
        Ok(prizes["prizes"][0]["prize_id"].as_str().context("a prize")?.to_owned())
    }
}

/// Asks an RPC about a resource. `None`: the RPC has no such resource.
async fn ask(world: &World, rpc: &str, person: &Person, whose: Whose) -> Result<Option<Answer>> {
    let me = people::sign_in(&world.client, person).await?;
    let only_own = whose != Whose::Own;
    let answer = match rpc {
        "SessionService/RequestCode" | "SessionService/SignIn" | "SessionService/Refresh" | "SetupService/SetUp" if only_own => {
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
        "PersonService/GetMe" | "DepartmentService/ListDepartments" | "CategoryService/ListCategories"
        | "TicketService/ListTickets" | "PointsService/GetPoints" | "PointsService/ListPointsEntries"
        | "PrizeService/ListPrizes" | "RedemptionService/ListRedemptions" => {
            if only_own {
                return Ok(None);
            }
            let method = proto::methods().values().find(|method| method.path.ends_with(rpc)).context("method")?;
            let Some(proto::google::api::http_rule::Pattern::Get(path)) = method.http.clone().and_then(|rule| rule.pattern) else {
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
        "TicketService/GetTicket" => me.get(&format!("/v1/tickets/{}", world.ticket(person, whose, true).await?)).await?,
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
        "TicketService/Resolve" => {
            let body = json!({"text": "已处理"});
            me.post(&format!("/v1/tickets/{}:resolve", world.dispatched(person, whose).await?), &body).await?
        }
        "TicketService/Rate" => {
            let body = json!({"satisfied": true});
            me.post(&format!("/v1/tickets/{}:rate", world.ticket(person, whose, true).await?), &body).await?
        }
        "RedemptionService/Redeem" if whose == Whose::OtherPerson => return Ok(None),
        "RedemptionService/Redeem" => {
            let body = json!({"redemption_id": Uuid::now_v7(), "prize_id": world.prize(whose).await?, "quantity": 99});
            me.post("/v1/redemptions", &body).await?
        }
        // Nobody's redemption: to be refused for everybody, whatever the role; the owner's side is a journey.
        "RedemptionService/Cancel" if whose == Whose::Own => return Ok(None),
        "RedemptionService/Cancel" => me.post(&format!("/v1/redemptions/{}:cancel", Uuid::now_v7()), &json!({})).await?,
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
    let body = json!({"post_id": post_id, "phone": "19912340001", "name": "测试", "role": "courier", "place_id": at.place_id});
    admin.post("/v1/posts", &body).await?.success()?;
    Ok(Some(me.post(&format!("/v1/posts/{post_id}:end"), &json!({})).await?))
}

/// What the option alone says.
fn admits(access: &Access, role: &str, whose: Whose) -> bool {
    let code = Role::from_str_name(role).unwrap() as i32;
    let granted = access.grants.iter().filter(|grant| grant.role == code).map(proto::api::v1::access::Grant::rows);
    let rows: Vec<Rows> = granted.chain([access.signed_in()]).filter(|rows| *rows != Rows::Unspecified).collect();
    match whose {
        Whose::Own => access.public || !rows.is_empty(),
        Whose::OtherPerson => rows.contains(&Rows::District),
        Whose::OtherDistrict => false,
    }
}

fn admitted(answer: &Answer) -> bool {
    !matches!(answer.status.as_u16(), 401 | 403 | 404) && answer.code() != "OUTSIDE_DISTRICT"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_the_access_option_says_passes() {
    let instance = Instance::shared();
    let world = World::look(&instance.client).await.unwrap();
    let mut wrong = Vec::new();
    let mut asked = 0;
    let methods: BTreeSet<&String> = proto::methods().keys().collect();
    for path in methods {
        let method = &proto::methods()[path];
        let access = method.access.clone().unwrap();
        let rpc = path.rsplit_once('.').unwrap().1;
        for role in ROLES.into_iter().filter(|_| !access.internal) {
            let person = world.one(role, &world.home).unwrap();
            for whose in [Whose::Own, Whose::OtherPerson, Whose::OtherDistrict] {
                let Some(answer) = ask(&world, rpc, &person, whose).await.with_context(|| format!("{rpc} {role} {whose:?}")).unwrap()
                else {
                    continue;
                };
                asked += 1;
                let expected = admits(&access, role, whose);
                if admitted(&answer) != expected || answer.status.is_server_error() {
                    wrong.push(format!("{rpc} as {role} on {whose:?}: expected {expected}, got {} {}", answer.status, answer.code()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked > 300, "{asked} asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_let_in_without_a_token_except_where_it_is_public() {
    let instance = Instance::shared();
    for method in proto::methods().values() {
        let Some(rule) = &method.http else { continue };
        use proto::google::api::http_rule::Pattern;
        let id = Uuid::now_v7().to_string();
        let fill = |path: &str| ["{ticket_id}", "{place_id}", "{post_id}", "{redemption_id}"].iter().fold(path.to_owned(), |p, v| p.replace(v, &id));
        let answer = match rule.pattern.as_ref().unwrap() {
            Pattern::Get(path) => instance.client.get(&fill(path)).await.unwrap(),
            Pattern::Post(path) => instance.client.post(&fill(path), &Value::Object(Default::default())).await.unwrap(),
            other => panic!("how to ask {other:?}?"),
        };
        let public = method.access.as_ref().unwrap().public;
        assert_eq!(answer.status.as_u16() == 401, !public, "{}: {} {}", method.path, answer.status, answer.code());
        let bad = instance.client.with_token("eyJhbGciOiJub25lIn0.e30.").get("/v1/me").await.unwrap();
        assert_eq!((bad.status.as_u16(), bad.code().as_str()), (401, "TOKEN_INVALID"));
    }
}

/// Internal RPCs are not routed, and the services refuse them without the service key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn internal_rpcs_are_for_services_only() {
    let instance = Instance::shared();
    let internal: Vec<_> = proto::methods().values().filter(|method| method.access.as_ref().unwrap().internal).collect();
    assert!(internal.len() >= 3);
    for method in internal {
        let answer = instance.client.post(&method.path, &json!({})).await.unwrap();
        assert_eq!(answer.status.as_u16(), 404, "{}", method.path);
    }
    let run = instance.run_file().unwrap();
    for role in ["residents", "tickets", "incentives", "finance"] {
        let port = run["ports"][role]["listen"].as_u64().unwrap_or_else(|| panic!("port of {role} in {run}"));
        let channel = tonic::transport::Endpoint::from_shared(format!("http://127.0.0.1:{port}")).unwrap().connect().await.unwrap();
        let mut feed = proto::events::v1::feed_service_client::FeedServiceClient::new(channel);
        let refused = feed.read_feed(proto::events::v1::ReadFeedRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{role}");
    }
}
