//! The state table. Guards, effects, timers and documents derive from it; a new rule is a new row.
use super::{
    Act, DISSATISFIED,
    State::{Claimed, Closed, Coordination, Dispatched, Feedback, InProgress, Pool},
    Timer, Transition, UNCLAIMED, When,
};

/// A row with nothing special about it.
const PLAIN: Transition = Transition {
    id: "",
    act: Act::Report,
    from: &[],
    to: None,
    when: When::Always,
    cancels: &[],
    arms: &[],
    rework: false,
    reason: "",
    zh: "",
    en: "",
};

/// Every transition there is.
pub const TRANSITIONS: &[Transition] = &[
    Transition {
        id: "T1",
        act: Act::Report,
        to: Some(Pool),
        arms: &[Timer::Claim],
        zh: "上报，进入街道待认领池",
        en: "reported into the pool of the street",
        ..PLAIN
    },
    Transition {
        id: "T2",
        act: Act::Claim,
        from: &[Pool],
        to: Some(Claimed),
        cancels: &[Timer::Claim],
        zh: "街道联络员认领",
        en: "claimed by a liaison of the street",
        ..PLAIN
    },
    Transition {
        id: "T3",
        act: Act::Expire(Timer::Claim),
        from: &[Pool],
        to: Some(Coordination),
        cancels: &[Timer::Claim],
        reason: UNCLAIMED,
        zh: "到时无人认领，转协调定责",
        en: "nobody claimed it in time: to coordination",
        ..PLAIN
    },
    Transition {
        id: "T3b",
        act: Act::Claim,
        from: &[Coordination],
        to: Some(Claimed),
        when: When::Unclaimed,
        zh: "超时后认领，记为迟认领",
        en: "claimed late, out of coordination",
        ..PLAIN
    },
    Transition {
        id: "T6",
        act: Act::Dispatch,
        from: &[Claimed],
        to: Some(Dispatched),
        arms: &[Timer::Resolve],
        zh: "派遣至牵头部门，开始计处置时限",
        en: "sent to the lead department; its time begins",
        ..PLAIN
    },
    Transition {
        id: "T9",
        act: Act::Accept,
        from: &[Dispatched],
        to: Some(InProgress),
        zh: "部门签收",
        en: "accepted by the department",
        ..PLAIN
    },
    Transition {
        id: "T14",
        act: Act::Resolve,
        from: &[InProgress],
        to: Some(Feedback),
        cancels: &[Timer::Resolve],
        zh: "处置完成并反馈",
        en: "work done and reported back",
        ..PLAIN
    },
    Transition {
        id: "T14",
        act: Act::Resolve,
        from: &[Dispatched],
        to: Some(Feedback),
        cancels: &[Timer::Resolve],
        zh: "处置完成并反馈，同时视为签收（T9）",
        en: "work done and reported back; counts as accepted too (T9)",
        ..PLAIN
    },
    Transition {
        id: "T15",
        act: Act::Expire(Timer::Resolve),
        from: &[Dispatched, InProgress, Coordination],
        arms: &[Timer::Resolve],
        zh: "处置超时，升级督办",
        en: "not resolved in time: escalated",
        ..PLAIN
    },
    Transition {
        id: "T19",
        act: Act::RateSatisfied,
        from: &[Feedback],
        to: Some(Closed),
        zh: "上报人满意，结案",
        en: "the reporter is satisfied: closed",
        ..PLAIN
    },
    Transition {
        id: "T20",
        act: Act::RateDissatisfied,
        from: &[Feedback],
        to: Some(InProgress),
        when: When::FirstTime,
        arms: &[Timer::Resolve],
        rework: true,
        zh: "上报人首次不满意，退回整改",
        en: "the reporter is dissatisfied: back to the handler",
        ..PLAIN
    },
    Transition {
        id: "T21",
        act: Act::RateDissatisfied,
        from: &[Feedback],
        to: Some(Coordination),
        when: When::Again,
        arms: &[Timer::Resolve],
        reason: DISSATISFIED,
        zh: "上报人再次不满意，转协调定责",
        en: "the reporter is dissatisfied again: to coordination",
        ..PLAIN
    },
];
