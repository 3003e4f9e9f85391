//! The codes of states, timers and reasons: the same on the wire, in SQL and in logs.
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $zh:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $code)] $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The Chinese word.
            pub fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh,)* }
            }

            /// The one of a code.
            pub fn of(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

codes! {
    /// Where a ticket stands.
    State {
        Pool = "POOL", "待认领";
        Claimed = "CLAIMED", "已认领";
        Community = "COMMUNITY", "社区自办";
        Dispatched = "DISPATCHED", "已派遣待签收";
        InProgress = "IN_PROGRESS", "处置中";
        Coordination = "COORDINATION", "协调定责";
        Paused = "PAUSED", "挂起";
        Feedback = "FEEDBACK", "已反馈待核查";
        Closed = "CLOSED", "结案";
        ClosedNofix = "CLOSED_NOFIX", "暂缓办结";
        Invalid = "INVALID", "不予受理";
        Merged = "MERGED", "并案";
        Withdrawn = "WITHDRAWN", "撤回";
    }
}

codes! {
    /// A deadline that acts when nobody does.
    Timer {
        Claim = "CLAIM", "认领";
        Dispatch = "DISPATCH", "派遣";
        Accept = "ACCEPT", "签收";
        Resolve = "RESOLVE", "处置";
        Coord = "COORD", "协调";
        Resume = "RESUME", "恢复";
        Verify = "VERIFY", "核查";
        Rate = "RATE", "评价";
        Review = "REVIEW", "复查";
    }
}

codes! {
    /// Why a ticket is in coordination.
    Reason {
        Unclaimed = "UNCLAIMED", "到时无人认领";
        Unclear = "UNCLEAR", "责任不清";
        Stalled = "STALLED", "认领后久未派遣";
        Disputed = "DISPUTED", "部门有异议";
        Dissatisfied = "DISSATISFIED", "上报人再次不满意";
        Reviewed = "REVIEWED", "暂缓事项复查";
        Appealed = "APPEALED", "上报人申诉";
    }
}

impl State {
    /// Whether it has ended. An ended ticket has no deadline and nobody's turn.
    pub fn ended(self) -> bool {
        matches!(self, Self::Closed | Self::Invalid | Self::Merged | Self::Withdrawn)
    }
}
