//! One operation for every HTTP rule of an RPC.
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use proto::api::v1::{Access, access::Rows, post::Level};
use serde_json::{Value, json};

use super::{
    Maker, examples, refusals,
    schemas::{example, is_time},
};
use crate::rpc::pattern;

impl Maker {
    /// Method, path and operation for each rule; nothing for what the gateway does not route.
    pub fn operations(&mut self, method: &proto::Method) -> Vec<(String, String, Value)> {
        let (Some(access), Some(rule)) = (&method.access, &method.http) else { return Vec::new() };
        if access.internal {
            return Vec::new();
        }
        let rules: Vec<_> = std::iter::once(rule).chain(&rule.additional_bindings).collect();
        let operations = rules.into_iter().enumerate().filter_map(|(number, rule)| {
            let (http_method, path) = pattern(rule)?;
            let mut operation = self.operation(method, access, &path, &rule.body);
            let changes_a_thing = http_method == http::Method::POST && !bound(&path).is_empty();
            if changes_a_thing && method.descriptor.output().get_field_by_name("etag").is_some() {
                operation["parameters"].as_array_mut()?.push(if_match());
            }
            if http_method == http::Method::GET {
                operation["parameters"].as_array_mut()?.push(if_none_match());
                operation["responses"]["304"] = not_modified();
            }
            if number > 0 {
                operation["operationId"] = json!(format!("{}_{number}", operation_id(method)));
            }
            Some((http_method.as_str().to_lowercase(), path, operation))
        });
        operations.collect()
    }

    fn operation(&mut self, method: &proto::Method, access: &Access, path: &str, body: &str) -> Value {
        let (input, output) = (method.descriptor.input(), method.descriptor.output());
        let service = method.descriptor.parent_service();
        let about = self.comments.of_descriptor(&service.parent_file(), method.descriptor.path());
        let summary = about.split_inclusive(['.', '。']).next().unwrap_or(&about).replace('\n', " ");
        let bound = bound(path);
        let mut responses =
            refusals::responses(access.reasons.iter().map(String::as_str), access.public, !body.is_empty());
        let answer = json!({
            "description": "OK",
            "content": {"application/json": {"schema": self.reference(&output), "example": example(&output, &[])}},
        });
        responses.insert("200".to_owned(), answer);
        let mut operation = json!({
            "operationId": operation_id(method),
            "tags": [service.name()],
            "summary": summary.trim(),
            "description": format!("{about}\n\n{}", who(access)),
            "parameters": self.parameters(&input, &bound, body.is_empty()),
            "responses": responses,
            "security": if access.public { json!([]) } else { json!([{"token": []}]) },
            "x-roles": roles(access),
            "x-reasons": access.reasons,
            "x-grpc": method.path,
        });
        if !body.is_empty() {
            let schema = self.object(&input, &bound);
            let content = json!({"application/json": {"schema": schema, "example": example(&input, &bound)}});
            operation["requestBody"] = json!({"required": true, "content": content});
        }
        operation
    }

    fn parameters(&mut self, input: &MessageDescriptor, bound: &[String], with_query: bool) -> Vec<Value> {
        let mut parameters: Vec<Value> = Vec::new();
        for field in input.fields() {
            if bound.iter().any(|name| name == field.name()) {
                parameters.push(self.parameter(&field, field.name(), "path"));
            } else if with_query {
                self.query(&field, field.name(), &mut parameters);
            }
        }
        parameters
    }

    fn query(&mut self, field: &FieldDescriptor, name: &str, parameters: &mut Vec<Value>) {
        match field.kind() {
            Kind::Message(inner) if !is_time(&inner) => {
                for field in inner.fields() {
                    self.query(&field, &format!("{name}.{}", field.name()), parameters);
                }
            }
            _ => parameters.push(self.parameter(field, name, "query")),
        }
    }

    fn parameter(&mut self, field: &FieldDescriptor, name: &str, place: &str) -> Value {
        let mut schema = self.field(field);
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter = json!({"name": name, "in": place, "required": place == "path", "schema": schema});
        if place == "path" {
            parameter["example"] = examples::of_field(field);
        }
        if let Some(about) = about {
            parameter["description"] = about;
        }
        parameter
    }
}

/// The header by which a client says which state of the thing it has seen.
fn if_match() -> Value {
    json!({
        "name": "If-Match", "in": "header", "required": false, "schema": {"type": "string"},
        "description": "上次读到的 etag；已被他人改动则拒绝。留空则不检查。The etag last seen; refused where the thing has changed since.",
    })
}

/// The header by which a client says which answer it has already.
pub fn if_none_match() -> Value {
    json!({
        "name": "If-None-Match", "in": "header", "required": false, "schema": {"type": "string"},
        "description": "上次应答头中的 ETag；内容未变则返回 304。The ETag of the last answer; 304 where it would be the same again.",
    })
}

pub fn not_modified() -> Value {
    json!({"description": "内容与 If-None-Match 所示的相同，不再重发。The same as If-None-Match says, so not sent again."})
}

fn operation_id(method: &proto::Method) -> String {
    format!("{}_{}", method.descriptor.parent_service().name(), method.descriptor.name())
}

/// The fields that a path names.
fn bound(path: &str) -> Vec<String> {
    path.split('{').skip(1).filter_map(|rest| rest.split(['}', '=']).next()).map(str::to_owned).collect()
}

fn roles(access: &Access) -> Value {
    let grants = access.grants.iter().map(|grant| {
        let level = Some(grant.level()).filter(|level| *level != Level::Unspecified).map(|level| level.as_str_name());
        json!({"role": grant.role().as_str_name(), "rows": grant.rows().as_str_name(), "level": level})
    });
    let signed_in = Some(access.signed_in()).filter(|rows| *rows != Rows::Unspecified).map(|rows| rows.as_str_name());
    json!({"public": access.public, "signed_in": signed_in, "grants": grants.collect::<Vec<_>>()})
}

/// Who may call it, for people.
fn who(access: &Access) -> String {
    if access.public {
        return "谁可以调用：所有人，无需登录。Everybody, without a token.".to_owned();
    }
    let mut lines = Vec::new();
    if access.signed_in() != Rows::Unspecified {
        lines.push(format!(
            "- 已登录的任何人，{} (signed in, {})",
            rows(access.signed_in()),
            access.signed_in().as_str_name()
        ));
    }
    for grant in &access.grants {
        let (name, code) = (proto::roles::name(grant.role()), grant.role().as_str_name());
        lines.push(format!("- {name}，{} ({code}, {})", rows(grant.rows()), grant.rows().as_str_name()));
    }
    format!("谁可以调用 Who may call it:\n{}", lines.join("\n"))
}

fn rows(rows: Rows) -> &'static str {
    match rows {
        Rows::Unspecified => "无",
        Rows::Own => "限本人的",
        Rows::Place => "限其岗位所辖范围",
        Rows::Home => "限其居住地",
        Rows::Department => "限其部门的",
        Rows::District => "本区范围",
    }
}
