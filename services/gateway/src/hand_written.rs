//! The routes that are no JSON RPC: a small table, each with its access rule, in the OpenAPI document like the rest.
use axum::response::Response;

use crate::{app::App, entry::Asked, entry::not_found, media, notices, pages, problem::Problem, sandbox, stream};

/// Who may call a hand-written route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everybody.
    Public,
    /// Any person with a valid access token.
    SignedIn,
    /// Whoever has a signed address that is still good, or the token of the person who uploaded it.
    SignedAddressOrUploader,
    /// Everybody, but only where outgoing messages stay in the sandbox; elsewhere it does not exist.
    SandboxOnly,
}

/// One hand-written route.
#[derive(Clone, Copy, Debug)]
pub struct HandWritten {
    pub method: &'static str,
    pub path: &'static str,
    pub access: Rule,
    /// What it does, in Chinese and in English.
    pub summary: (&'static str, &'static str),
    /// The reasons it refuses with, beside the general ones.
    pub reasons: &'static [&'static str],
    /// Not counted by rate and load limits: it must answer when nothing else does.
    pub unlimited: bool,
    leads_to: To,
}

#[derive(Clone, Copy, Debug)]
enum To {
    Upload,
    Photo,
    Stream,
    Health,
    OpenApi,
    Index,
    Redirect(&'static str),
    Page(&'static str),
    SandboxPeople,
    SandboxMessages,
    WeCom,
    WeChat,
    TransferNotice,
}

impl HandWritten {
    /// Whether its answer has an etag, so that it need not be sent again.
    pub fn has_etag(&self) -> bool {
        matches!(self.leads_to, To::Photo | To::OpenApi | To::Page(_))
    }
}

const fn route(method: &'static str, path: &'static str, access: Rule, leads_to: To) -> HandWritten {
    HandWritten { method, path, access, summary: ("", ""), reasons: &[], unlimited: false, leads_to }
}

const fn page(path: &'static str, leads_to: To) -> HandWritten {
    route("GET", path, Rule::Public, leads_to)
}

const fn sandboxed(path: &'static str, leads_to: To) -> HandWritten {
    route("GET", path, Rule::SandboxOnly, leads_to)
}

const fn people_do(path: &'static str, summary: (&'static str, &'static str)) -> HandWritten {
    HandWritten { summary, ..route("POST", path, Rule::SandboxOnly, To::WeChat) }
}

static ROUTES: &[HandWritten] = &[
    HandWritten {
        summary: ("上传一张照片（multipart，字段 file）", "Uploads a photo: multipart, field \"file\""),
        reasons: &["MEDIA_INVALID"],
        ..route("POST", "/v1/media", Rule::SignedIn, To::Upload)
    },
    HandWritten {
        summary: ("读取一张照片", "Reads a photo"),
        reasons: &["MEDIA_NOT_FOUND"],
        ..route("GET", "/v1/media/{media_id}", Rule::SignedAddressOrUploader, To::Photo)
    },
    HandWritten {
        summary: (
            "工单变化的实时推送（server-sent events），可凭 Last-Event-ID 续传",
            "Changes of tickets as server-sent events, resumable with Last-Event-ID at any gateway",
        ),
        reasons: &["PLACE_NOT_ALLOWED"],
        ..route("GET", "/v1/stream", Rule::SignedIn, To::Stream)
    },
    HandWritten {
        summary: (
            "微信商家转账结果通知：凭签名，与登录无关",
            "What WeChat Pay tells of merchant transfers: by its signature; answers {\"code\", \"message\"}",
        ),
        ..route("POST", "/v1/wechat/transfers:notify", Rule::Public, To::TransferNotice)
    },
    HandWritten {
        summary: ("网关是否在运行", "Whether the gateway runs"),
        unlimited: true,
        ..page("/healthz", To::Health)
    },
    HandWritten {
        summary: ("本接口的 OpenAPI 3.1 文档", "The OpenAPI 3.1 document"),
        ..page("/openapi.json", To::OpenApi)
    },
    HandWritten { summary: ("首页", "Where to go from here"), ..page("/", To::Index) },
    HandWritten { summary: ("接口文档页面", "The API documentation"), ..page("/docs/", To::Page("docs.html")) },
    page("/docs", To::Redirect("/docs/")),
    page("/docs/docs.js", To::Page("docs.js")),
    page("/docs/pages.css", To::Page("pages.css")),
    HandWritten {
        summary: ("初始化页面", "Sets up an empty installation"), ..page("/setup/", To::Page("setup.html"))
    },
    page("/setup", To::Redirect("/setup/")),
    page("/setup/setup.js", To::Page("setup.js")),
    HandWritten {
        summary: ("沙箱页面：外发消息与演示人员", "Outgoing messages and demo people, as a page"),
        ..sandboxed("/sandbox/", To::Page("sandbox.html"))
    },
    sandboxed("/sandbox", To::Redirect("/sandbox/")),
    sandboxed("/sandbox/sandbox.js", To::Page("sandbox.js")),
    HandWritten {
        summary: ("各角色的演示人员", "Demo people of every role; per_role says how many"),
        ..sandboxed("/sandbox/people.json", To::SandboxPeople)
    },
    HandWritten {
        summary: ("本应外发的消息，新的在前", "Messages that would have left the building, newest first"),
        ..sandboxed("/sandbox/messages.json", To::SandboxMessages)
    },
    HandWritten {
        summary: ("各群机器人收到的消息", "What reached the groups' robots, newest first"),
        ..sandboxed("/sandbox/wecom/messages", To::WeCom)
    },
    HandWritten {
        summary: ("让群机器人按某种方式出错", "Lets a robot fail in some way for its next messages"),
        ..route("POST", "/sandbox/wecom/modes", Rule::SandboxOnly, To::WeCom)
    },
    route("POST", "/sandbox/wecom/cgi-bin/webhook/send", Rule::SandboxOnly, To::WeCom),
    HandWritten {
        summary: ("沙箱里的微信转账，新的在前", "The sandbox's WeChat transfers, newest first"),
        ..sandboxed("/sandbox/wechat/transfers", To::WeChat)
    },
    people_do("/sandbox/wechat/confirm", ("用户确认收款", "The member confirms a transfer: {\"out_bill_no\"}")),
    people_do("/sandbox/wechat/expire", ("24 小时过期", "The 24 hours of a transfer pass: {\"out_bill_no\"}")),
    people_do("/sandbox/wechat/top-up", ("商户余额补足", "The merchant's balance is enough again: {\"out_bill_no\"}")),
    people_do(
        "/sandbox/wechat/notify",
        (
            "发送通知，可重复、可错误签名、可重放",
            "Sends notices: {\"out_bill_no\", \"times\": 1 to 5, \"forged\", \"minutes_old\"}",
        ),
    ),
    people_do(
        "/sandbox/wechat/modes",
        (
            "让微信支付按某种方式出错",
            "Lets WeChat fail for its next calls: {\"call\": LOGIN CREATE QUERY CANCEL, \"mode\", \"times\"}",
        ),
    ),
    sandboxed("/sandbox/wechat/sns/jscode2session", To::WeChat),
    route("POST", "/sandbox/wechat/v3/fund-app/mch-transfer/transfer-bills", Rule::SandboxOnly, To::WeChat),
    sandboxed("/sandbox/wechat/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}", To::WeChat),
    route(
        "POST",
        "/sandbox/wechat/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}/cancel",
        Rule::SandboxOnly,
        To::WeChat,
    ),
];

/// All of them, for the access matrix and the OpenAPI document.
pub fn hand_written() -> &'static [HandWritten] {
    ROUTES
}

/// Answers a hand-written route.
pub async fn lead(app: &App, hand: &HandWritten, asked: Asked<'_>) -> Result<Response, Problem> {
    if hand.access == Rule::SandboxOnly && !(app.sandbox && sandbox::is_at_home(&asked)) {
        return Err(not_found());
    }
    match hand.leads_to {
        To::Upload => media::upload(app, asked).await,
        To::Photo => media::photo(app, asked).await,
        To::Stream => stream::open(app, asked).await,
        To::Health => Ok(Response::new("ok".into())),
        To::OpenApi => Ok(app.openapi.respond(&asked.parts.headers)),
        To::Index => Ok(pages::index(app.sandbox)),
        To::Redirect(path) => Ok(pages::redirect(path, asked.parts.uri.query())),
        To::Page(file) => pages::file(file, &asked.parts.headers),
        To::SandboxPeople => sandbox::people(app, asked.parts.uri.query()).await,
        To::WeCom => Ok(sandbox::other_side(&app.wecom, "/sandbox/wecom", asked).await),
        To::WeChat => Ok(sandbox::other_side(&app.wechat, "/sandbox/wechat", asked).await),
        To::TransferNotice => Ok(notices::transfer(app, asked).await),
        To::SandboxMessages => sandbox::messages(app, asked.parts.uri.query()).await,
    }
}
