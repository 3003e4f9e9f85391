//! Every RPC × every role × (own, another person's, another district's) resource: only what the access option says passes.
#[path = "access_matrix/ask.rs"]
mod ask;
#[path = "access_matrix/governance.rs"]
mod governance;
#[path = "access_matrix/rewards.rs"]
mod rewards;
#[path = "access_matrix/transitions.rs"]
mod transitions;
#[path = "access_matrix/world.rs"]
mod world;

use std::collections::BTreeSet;

use anyhow::Context;
use hemei_tests::{Answer, Instance, people::ROLES};
use proto::api::v1::{Access, access::Rows, post::Role};
use serde_json::{Value, json};
use uuid::Uuid;

use self::{
    ask::ask,
    world::{Whose, World},
};

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
    let world = World::look(&instance.client()).await.unwrap();
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
                let Some(answer) =
                    ask(&world, rpc, &person, whose).await.with_context(|| format!("{rpc} {role} {whose:?}")).unwrap()
                else {
                    continue;
                };
                asked += 1;
                let expected = admits(&access, role, whose);
                if admitted(&answer) != expected || answer.status.is_server_error() {
                    wrong.push(format!(
                        "{rpc} as {role} on {whose:?}: expected {expected}, got {} {}",
                        answer.status,
                        answer.code()
                    ));
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
        let fill = |path: &str| {
            let parts = path.split(['{', '}']).enumerate();
            parts.map(|(at, part)| if at % 2 == 0 { part } else { id.as_str() }).collect::<String>()
        };
        let answer = match rule.pattern.as_ref().unwrap() {
            Pattern::Get(path) => instance.client().get(&fill(path)).await.unwrap(),
            Pattern::Post(path) => {
                instance.client().post(&fill(path), &Value::Object(Default::default())).await.unwrap()
            }
            other => panic!("how to ask {other:?}?"),
        };
        let public = method.access.as_ref().unwrap().public;
        assert_eq!(answer.code() == "TOKEN_REQUIRED", !public, "{}: {} {}", method.path, answer.status, answer.code());
        let bad = instance.client().with_token("eyJhbGciOiJub25lIn0.e30.").get("/v1/me").await.unwrap();
        assert_eq!((bad.status.as_u16(), bad.code().as_str()), (401, "TOKEN_INVALID"));
    }
}

/// Internal RPCs are not routed, and the services refuse them without the service key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn internal_rpcs_are_for_services_only() {
    let instance = Instance::shared();
    let internal: Vec<_> =
        proto::methods().values().filter(|method| method.access.as_ref().unwrap().internal).collect();
    assert!(internal.len() >= 3);
    for method in internal {
        let answer = instance.client().post(&method.path, &json!({})).await.unwrap();
        assert_eq!(answer.status.as_u16(), 404, "{}", method.path);
    }
    let run = instance.run_file().unwrap();
    for role in ["residents", "tickets", "incentives", "finance"] {
        let port = run["ports"][role]["listen"].as_u64().unwrap_or_else(|| panic!("port of {role} in {run}"));
        let channel = tonic::transport::Endpoint::from_shared(format!("http://127.0.0.1:{port}"))
            .unwrap()
            .connect()
            .await
            .unwrap();
        let mut feed = proto::events::v1::feed_service_client::FeedServiceClient::new(channel);
        let refused = feed.read_feed(proto::events::v1::ReadFeedRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{role}");
    }
}
