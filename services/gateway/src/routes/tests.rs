use super::*;

fn routes() -> Routes<&'static str> {
    let mut routes = Routes::default();
    for (method, template) in [
        (Method::GET, "/v1/things"),
        (Method::POST, "/v1/things"),
        (Method::GET, "/v1/things/{thing_id}"),
        (Method::GET, "/v1/things/special"),
        (Method::POST, "/v1/things/{thing_id}:claim"),
        (Method::GET, "/v1/things:locate"),
        (Method::GET, "/v1/things/{thing.id}/events/{number=*}"),
        (Method::GET, "/"),
    ] {
        routes.add(method, template, template).unwrap();
    }
    routes
}

fn found(method: Method, path: &str) -> (String, Vec<(String, String)>) {
    match routes().find(&method, path) {
        Found::Route { target, values } => {
            ((*target).to_owned(), values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        }
        Found::Methods(methods) => (format!("{methods:?}"), Vec::new()),
        Found::Nothing => ("nothing".to_owned(), Vec::new()),
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn literals_variables_and_verbs_are_found() {
    assert_eq!(found(Method::GET, "/v1/things").0, "/v1/things");
    assert_eq!(found(Method::GET, "/v1/things/7"), ("/v1/things/{thing_id}".to_owned(), pairs(&[("thing_id", "7")])));
    let claim = ("/v1/things/{thing_id}:claim".to_owned(), pairs(&[("thing_id", "7")]));
    assert_eq!(found(Method::POST, "/v1/things/7:claim"), claim);
    assert_eq!(found(Method::GET, "/v1/things:locate").0, "/v1/things:locate");
    assert_eq!(found(Method::GET, "/").0, "/");
    let (template, values) = found(Method::GET, "/v1/things/7/events/9");
    assert_eq!(template, "/v1/things/{thing.id}/events/{number=*}");
    assert_eq!(values, pairs(&[("thing.id", "7"), ("number", "9")]));
}

#[test]
fn a_literal_wins_over_a_variable() {
    assert_eq!(found(Method::GET, "/v1/things/special").0, "/v1/things/special");
}

#[test]
fn a_colon_that_is_no_verb_belongs_to_the_value() {
    assert_eq!(found(Method::GET, "/v1/things/a:b").1, pairs(&[("thing_id", "a:b")]));
}

#[test]
fn a_known_path_names_its_methods() {
    assert_eq!(found(Method::DELETE, "/v1/things").0, "[GET, POST]");
    assert_eq!(found(Method::GET, "/v1/things/7:claim").1, pairs(&[("thing_id", "7:claim")]));
    assert_eq!(found(Method::PUT, "/v1/things/7:claim").0, "[POST, GET]");
}

#[test]
fn values_are_percent_decoded_after_the_split() {
    assert_eq!(found(Method::GET, "/v1/things/a%2Fb%20c").1, pairs(&[("thing_id", "a/b c")]));
    assert_eq!(found(Method::GET, "/v1/things/%ff").0, "nothing");
}

#[test]
fn what_is_not_there_is_nothing() {
    for path in ["/v1", "/v1/", "/v1/things/", "/v1/things/7/", "/v1/things//events/1", "", "*"] {
        assert_eq!(found(Method::GET, path).0, "nothing", "{path}");
    }
    assert_eq!(found(Method::POST, "/v1/things/:claim").0, "[GET]", "a verb needs a value before it");
}

#[test]
fn head_goes_where_get_goes() {
    assert_eq!(found(Method::HEAD, "/v1/things").0, "/v1/things");
}

#[test]
fn bad_or_repeated_templates_are_refused() {
    let mut routes = routes();
    for template in ["v1", "/v1/{a", "/v1/{a=**}", "/v1/*", "/v1/{}", "/v1/a{b}"] {
        assert!(matches!(routes.add(Method::GET, template, "x"), Err(RouteError::Template(_))), "{template}");
    }
    assert!(matches!(routes.add(Method::GET, "/v1/things/{other}", "x"), Err(RouteError::Twice(..))));
}
