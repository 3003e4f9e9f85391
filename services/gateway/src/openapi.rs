//! The OpenAPI 3.1 document, derived from the descriptors, their comments and options, and the table of hand-written routes.
use std::collections::BTreeMap;

use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value, json};

mod comments;
mod examples;
mod operation;
mod refusals;
mod routes_by_hand;
mod schemas;

use comments::Comments;

/// What the parts of the document are made with.
struct Maker {
    comments: Comments,
    /// The messages that the document speaks of.
    messages: BTreeMap<String, MessageDescriptor>,
}

const ABOUT: &str = "\
和美家园社区治理套件的 HTTP/JSON 接口。字段名为 snake_case；64 位整数为 JSON 数字；时间为 RFC 3339（带时区）；未填写的可选字段为 null。\n\
客户端自行生成 UUIDv7 编号：同一编号、同一内容可放心重试；同一编号、不同内容返回 409 ID_REUSED。\n\
列表用 page_size 与 page_token 翻页，应答中的 next_page_token 为空表示没有下一页。\n\
每个 GET 的应答都带 ETag；请求带 If-None-Match 且内容未变时返回 304。由 GET 得到的 ETag 与应答中的 etag 字段都可用于 If-Match。\n\
出错时返回 application/problem+json：code 为稳定代码，message 给人看（默认中文，Accept-Language: en 时为英文），detail 给开发者看。\n\n\
The HTTP/JSON interface of the Hemei suite. Field names are snake_case, 64-bit integers are JSON numbers, times are RFC 3339 with offset; \
what is not set is null. Clients choose ids (UUIDv7), so every request may be repeated: the same id and body give the same answer. \
Lists are paged with page_size and page_token. \
Every GET is answered with an ETag, and with 304 where If-None-Match says that it is known; If-Match takes that ETag and the field etag alike. Refusals are application/problem+json with a stable code.";

/// The parts of the document for people, in the order of the story.
const GROUPS: [(&str, &[&str]); 7] = [
    ("登录与会话", &["SessionService", "SetupService"]),
    ("居民与地点", &["PersonService", "PlaceService", "DepartmentService"]),
    (
        "工单",
        &[
            "TicketService",
            "StaffService",
            "CategoryService",
            "TermsService",
            "PrecedentService",
            "FigureService",
            "InboxService",
            "ChannelService",
            "CaseService",
        ],
    ),
    (
        "积分与奖品",
        &[
            "PointsService",
            "EarningRuleService",
            "AwardService",
            "RankingService",
            "MonthService",
            "PrizeService",
            "RedemptionService",
        ],
    ),
    ("资金", &["FundService", "PayoutService"]),
    ("照片", &[routes_by_hand::PHOTOS]),
    ("其他", &[routes_by_hand::TAG]),
];

/// The whole document.
pub fn document() -> Value {
    let mut maker = Maker { comments: Comments::of(proto::pool()), messages: BTreeMap::new() };
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut tags = BTreeMap::new();
    let mut methods: Vec<&proto::Method> = proto::methods().values().collect();
    methods.sort_by(|one, other| one.path.cmp(&other.path));
    for method in methods {
        for (http_method, path, operation) in maker.operations(method) {
            let service = method.descriptor.parent_service();
            tags.insert(
                service.name().to_owned(),
                maker.comments.of_descriptor(&service.parent_file(), service.path()),
            );
            paths.entry(path).or_default().insert(http_method, operation);
        }
    }
    for (http_method, path, operation) in routes_by_hand::operations() {
        paths.entry(path).or_default().insert(http_method, operation);
    }
    tags.insert(routes_by_hand::TAG.to_owned(), "页面与健康检查。Pages and health.".to_owned());
    tags.insert(routes_by_hand::PHOTOS.to_owned(), "照片。Photos.".to_owned());
    let tags: Vec<Value> = tags.iter().map(|(name, about)| json!({"name": name, "description": about})).collect();
    let groups: Vec<Value> = GROUPS.iter().map(|(name, tags)| json!({"name": name, "tags": tags})).collect();
    let roles: Vec<Value> =
        proto::roles::NAMES.iter().map(|(role, name)| json!({"role": role.as_str_name(), "name": name})).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "和美家园 Hemei",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "x-tagGroups": groups,
        "x-role-names": roles,
        "paths": paths,
        "components": {
            "schemas": maker.schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "access_token of POST /v1/sessions; good for 15 minutes."},
            },
        },
        "x-reasons": refusals::all(),
    })
}

#[cfg(test)]
mod tests;
