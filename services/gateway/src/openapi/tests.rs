use super::*;

#[test]
fn every_public_rpc_and_every_told_route_is_in_it() {
    let document = document();
    let operations: Vec<&Value> =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values()).collect();
    let grpc: Vec<&str> = operations.iter().filter_map(|operation| operation["x-grpc"].as_str()).collect();
    for method in proto::methods().values() {
        let public = method.access.as_ref().is_some_and(|access| !access.internal);
        assert_eq!(grpc.contains(&method.path.as_str()), public, "{}", method.path);
    }
    for route in crate::hand_written().iter().filter(|route| !route.summary.0.is_empty()) {
        assert!(document["paths"][route.path][route.method.to_lowercase()].is_object(), "{}", route.path);
    }
    let mut ids: Vec<&str> = operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let many = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), many, "operation ids are unique");
    for operation in operations {
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{}", operation["operationId"]);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn follow(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                }
                members.values().for_each(|value| follow(document, value));
            }
            Value::Array(items) => items.iter().for_each(|item| follow(document, item)),
            _ => {}
        }
    }
    let document = document();
    follow(&document, &document);
}

#[test]
fn a_claim_says_who_may_and_how_it_is_refused() {
    let document = document();
    let claim = &document["paths"]["/v1/tickets/{ticket_id}:claim"]["post"];
    assert_eq!(claim["x-roles"]["grants"], json!([{"role": "liaison", "rows": "PLACE", "level": "SUBDISTRICT"}]));
    assert!(claim["description"].as_str().unwrap().contains("街道联络员"));
    let conflict = &claim["responses"]["409"];
    assert!(conflict["x-codes"].as_array().unwrap().contains(&json!("ALREADY_CLAIMED")));
    assert!(conflict["description"].as_str().unwrap().contains("认领了这个工单"));
    assert_eq!(claim["parameters"][0]["name"], "ticket_id");
    assert_eq!(claim["requestBody"]["content"]["application/json"]["schema"]["properties"], json!({}));
    let list = &document["paths"]["/v1/tickets"]["get"]["parameters"];
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["state", "mine", "page_size", "page_token", "If-None-Match"]);
}

#[test]
fn examples_can_be_sent_as_they_are() {
    for method in proto::methods().values().filter(|method| method.http.is_some()) {
        let input = method.descriptor.input();
        let mut schema = crate::transcode::Schema::default();
        let index = schema.add(&input).unwrap();
        let read = crate::transcode::body(&schema, index, &schemas::example(&input, &[]), &mut Vec::new());
        assert_eq!(read, Ok(()), "{}", method.path);
    }
}

#[test]
fn a_transition_takes_the_etag_last_seen() {
    let document = document();
    let takes = |path: &str, method: &str| {
        let parameters = document["paths"][path][method]["parameters"].as_array().unwrap().clone();
        parameters.iter().any(|one| one["name"] == "If-Match" && one["in"] == "header")
    };
    assert!(takes("/v1/tickets/{ticket_id}:claim", "post"));
    assert!(!takes("/v1/tickets", "post") && !takes("/v1/tickets/{ticket_id}", "get"));
}

#[test]
fn what_is_read_may_be_answered_304_and_what_is_done_may_not() {
    let document = document();
    let paths = document["paths"].as_object().unwrap().iter();
    for (path, operations) in paths.filter(|(path, _)| path.starts_with("/v1/") && *path != "/v1/stream") {
        for (method, operation) in operations.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().unwrap();
            let says = (
                operation["responses"].get("304").is_some(),
                parameters.iter().any(|one| one["name"] == "If-None-Match" && one["in"] == "header"),
            );
            assert_eq!(says, (method == "get", method == "get"), "{method} {path}");
        }
    }
}

#[test]
fn a_transition_tells_its_rows_in_both_languages_and_the_states_their_timers() {
    let document = document();
    let claim = document["paths"]["/v1/tickets/{ticket_id}:claim"]["post"]["description"].as_str().unwrap();
    assert!(claim.starts_with("认领。\n"), "{claim}");
    assert!(
        claim.contains("- T2 待认领 → 已认领：街道联络员认领。\nPOOL → CLAIMED: claimed by a liaison of the street.")
    );
    let state = &document["components"]["schemas"]["tickets.v1.Ticket"]["properties"]["state"];
    assert!(state["description"].as_str().unwrap().contains("- POOL 待认领：认领 CLAIM\n"), "{state}");
}

#[test]
fn every_operation_stands_in_a_group_and_every_role_has_a_name() {
    let document = document();
    let groups = document["x-tagGroups"].as_array().unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    for operation in operations {
        let group = groups.iter().find(|group| group["tags"].as_array().unwrap().contains(&operation["tags"][0]));
        assert!(group.is_some(), "{}", operation["operationId"]);
        for grant in operation["x-roles"]["grants"].as_array().unwrap() {
            assert!(document["x-role-names"].as_array().unwrap().iter().any(|one| one["role"] == grant["role"]));
        }
    }
}

#[test]
fn the_example_of_a_waiting_ticket_fits_itself() {
    let ticket = proto::pool().get_message_by_name("hemei.tickets.v1.Ticket").unwrap();
    let ticket = schemas::example(&ticket, &[]);
    assert_eq!((&ticket["state"], &ticket["place"]["name"]), (&json!("POOL"), &json!("松鹤小区")));
    for unset in ["department", "claimed_at", "resolved_at", "closed_at", "satisfied"] {
        assert!(ticket[unset].is_null(), "{unset}");
    }
}

#[test]
fn it_is_the_same_every_time() {
    assert_eq!(document().to_string(), document().to_string());
}
