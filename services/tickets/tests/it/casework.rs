use proto::{
    api::v1::post::Role,
    residents::v1::PostChanged,
    tickets::v1::{
        AddCommentRequest, Comment, ExportCaseRequest, ListActionsRequest, ListCommentsRequest, PutTermsRequest,
        ReportRequest, Timers, case_service_server::CaseService, terms_service_server::TermsService,
    },
};
use tickets::{
    audit, followers_consumer,
    rpc::{casework::CaseRpc, inbox::InboxRpc, terms::TermsRpc},
    store::projection,
};
use tonic::Status;
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, people::Person, reason, report};

fn comment(id: &str, text: &str) -> AddCommentRequest {
    AddCommentRequest {
        ticket_id: id.into(),
        comment_id: Uuid::now_v7().to_string(),
        text: text.into(),
        ..Default::default()
    }
}

async fn add(world: &World, person: &Person, request: AddCommentRequest) -> Result<Comment, Status> {
    let rpc = CaseRpc(world.replicas[0].0.clone());
    answer(rpc.add_comment(person.asks_of("CaseService", "AddComment", request)).await)
}

async fn list(world: &World, person: &Person, id: &str) -> Result<Vec<Comment>, Status> {
    let rpc = CaseRpc(world.replicas[1].0.clone());
    let request = ListCommentsRequest { ticket_id: id.into(), ..Default::default() };
    answer(rpc.list_comments(person.asks_of("CaseService", "ListComments", request)).await)
        .map(|answer| answer.comments)
}

fn auditor(world: &World) -> Person {
    Person::new(world.gongnong, Role::Auditor, "gn", None)
}

async fn actions(world: &World, person: &Person) -> Vec<(String, String)> {
    let rpc = CaseRpc(world.replicas[0].0.clone());
    let request = person.asks_of("CaseService", "ListActions", ListActionsRequest::default());
    let actions = answer(rpc.list_actions(request).await).unwrap().actions;
    actions.into_iter().map(|action| (action.act, action.subject)).collect()
}

#[tokio::test]
async fn the_staff_concerned_talk_among_themselves_and_nobody_else_hears_it() {
    let world = World::new().await;
    let before = world.dispatched(NEEDS_NO_PHOTO).await;
    let id = before.ticket_id.as_str();
    let photo = world.photo(&world.liaison);
    let said = AddCommentRequest { media_ids: vec![photo.clone()], ..comment(id, "请带融雪剂") };
    let made = add(&world, &world.liaison, said.clone()).await.unwrap();
    assert_eq!((made.author_name.as_str(), made.media[0].media_id.as_str()), ("张明", photo.as_str()));
    assert_eq!(add(&world, &world.liaison, said.clone()).await.unwrap(), made, "the same again");
    let other = AddCommentRequest { text: "别的".into(), ..said };
    assert_eq!(reason(&add(&world, &world.liaison, other).await.unwrap_err()), "ID_REUSED");
    add(&world, &world.handler, comment(id, "收到")).await.unwrap();
    let texts: Vec<_> = list(&world, &auditor(&world), id).await.unwrap().into_iter().map(|one| one.text).collect();
    assert_eq!(texts, ["请带融雪剂", "收到"]);
    let after = world.get(&world.courier, id).await.unwrap();
    assert_eq!((after.resolve_by, after.etag), (before.resolve_by, before.etag.clone()), "no deadline moves");
    for stranger in [Person::liaison(world.gongnong, "gn.hq"), Person::handler(world.gongnong, world.fire)] {
        assert_eq!(reason(&list(&world, &stranger, id).await.unwrap_err()), "NOT_YOURS");
        assert_eq!(reason(&add(&world, &stranger, comment(id, "我也说")).await.unwrap_err()), "NOT_YOURS");
    }
    let abroad = Person::coordinator(world.xingshan);
    assert_eq!(reason(&list(&world, &abroad, id).await.unwrap_err()), "TICKET_NOT_FOUND");
    let foreign = AddCommentRequest { media_ids: vec![world.photo(&world.courier)], ..comment(id, "x") };
    assert_eq!(reason(&add(&world, &world.liaison, foreign).await.unwrap_err()), "MEDIA_NOT_YOURS");
    assert_eq!(reason(&add(&world, &world.liaison, comment(id, " ")).await.unwrap_err()), "TEXT_REQUIRED");
}

#[tokio::test]
async fn who_is_mentioned_has_it_in_the_inbox_and_only_staff_can_be() {
    let world = World::new().await;
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    let mention = |person: &Person| AddCommentRequest {
        mentioned_ids: vec![person.id.to_string()],
        ..comment(&id, "请看一下")
    };
    assert_eq!(reason(&add(&world, &world.liaison, mention(&world.courier)).await.unwrap_err()), "PERSON_NOT_STAFF");
    let told = PostChanged {
        person_id: world.handler.id.to_string(),
        role: Role::DepartmentHandler.into(),
        place_path: "gn".into(),
        department_id: Some(world.housing.to_string()),
        ..PostChanged::default()
    };
    let mut connection = world.pool.acquire().await.unwrap();
    projection::keep_posts(&mut connection, &[(world.gongnong, Uuid::now_v7(), told)]).await.unwrap();
    drop(connection);
    let request = mention(&world.handler);
    add(&world, &world.liaison, request.clone()).await.unwrap();
    add(&world, &world.liaison, request).await.unwrap();
    let inbox = InboxRpc(world.replicas[0].0.clone());
    let ask = world.handler.asks_of("InboxService", "ListInbox", Default::default());
    let messages =
        answer(proto::tickets::v1::inbox_service_server::InboxService::list_inbox(&inbox, ask).await).unwrap().messages;
    assert!(messages.len() == 1 && messages[0].text.contains("留言提到您：请看一下"), "{messages:?}");
}

#[tokio::test]
async fn every_action_of_the_staff_is_logged_once_and_a_changed_row_breaks_the_chain() {
    let world = World::new().await;
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    add(&world, &world.liaison, comment(&id, "请带融雪剂")).await.unwrap();
    let admin = Person::new(world.gongnong, Role::DistrictAdmin, "gn", None);
    let timers = Some(Timers { claim_minutes: Some(20), ..Timers::default() });
    let put = PutTermsRequest { timers, ..PutTermsRequest::default() };
    TermsRpc(world.replicas[0].0.clone()).put_terms(admin.asks_of("TermsService", "PutTerms", put)).await.unwrap();
    let consumer = followers_consumer(&world.replicas[0].0);
    world.hear(&consumer, 0).await;
    sqlx::query("update tickets.subscription set tx = 0, event_id = 0").execute(&world.pool).await.unwrap();
    world.hear(&consumer, 0).await;
    let logged = actions(&world, &auditor(&world)).await;
    let mut acts: Vec<_> = logged.iter().map(|(act, _)| act.as_str()).collect();
    acts.sort_unstable();
    assert_eq!(acts, ["COMMENT", "PUT_TERMS", "T2", "T6"], "the courier's report is no action of the staff");
    assert!(actions(&world, &Person::new(world.xingshan, Role::Auditor, "xs", None)).await.is_empty());
    let chain = audit::chain(&world.pool);
    let sealed = async {
        let mut sealed = 0;
        while sealed < 4 {
            sealed += chain.seal(world.clock.now()).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), sealed).await.expect("everything is sealed");
    let whole = chain.verify(|_| {}).await.unwrap();
    assert_eq!((whole.rows, whole.unsealed, &whole.broken), (4, 0, &None));
    assert!(sqlx::query("update tickets.audit set act = 'T9'").execute(&world.pool).await.is_err(), "it only grows");
    for tampering in [
        "update tickets.audit set actor_id = gen_random_uuid() where act = 'T6'",
        "delete from tickets.audit where act = 'T6'",
    ] {
        sqlx::query("alter table tickets.audit disable trigger user").execute(&world.pool).await.unwrap();
        sqlx::query(tampering).execute(&world.pool).await.unwrap();
        let broken = chain.verify(|_| {}).await.unwrap().broken.expect("it is found");
        assert!(broken.contains("the first difference at row"), "{broken}");
    }
}

#[tokio::test]
async fn a_case_is_exported_whole_safe_to_open_and_the_export_is_logged() {
    let world = World::new().await;
    let request = ReportRequest { text: "<script>alert(1)</script> & 结冰".into(), ..report(NEEDS_NO_PHOTO) };
    let ticket = world.report(&world.courier, request).await.unwrap();
    let id = ticket.ticket_id.as_str();
    world.claim(&world.liaison, id).await.unwrap();
    add(&world, &world.liaison, comment(id, "内部留言")).await.unwrap();
    let rpc = CaseRpc(world.replicas[0].0.clone());
    let export = |person: &Person| {
        let request = ExportCaseRequest { ticket_id: id.into() };
        person.asks_of("CaseService", "ExportCase", request)
    };
    let document = answer(rpc.export_case(export(&auditor(&world))).await).unwrap();
    assert_eq!(document.file_name, format!("{}.html", ticket.number));
    for told in ["李春生", "张明", "内部留言", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 结冰", "办理经过"]
    {
        assert!(document.content.contains(told), "{told}");
    }
    assert!(!document.content.contains("<script"));
    assert!(actions(&world, &auditor(&world)).await.contains(&("EXPORT_CASE".into(), id.into())));
    let abroad = Person::coordinator(world.xingshan);
    assert_eq!(reason(&rpc.export_case(export(&abroad)).await.unwrap_err()), "TICKET_NOT_FOUND");
}
