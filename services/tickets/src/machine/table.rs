//! The state table. Guards, effects, timers and documents derive from it; a new rule is a new row.
use super::{
    Act::{self, *},
    Reason,
    State::{self, *},
    Timer, To, Transition, When,
};

const fn row(
    id: &'static str,
    act: Act,
    from: &'static [State],
    to: To,
    words: (&'static str, &'static str),
) -> Transition {
    Transition { id, act, from, to, when: When::Always, reason: None, rework: false, zh: words.0, en: words.1 }
}

impl Transition {
    const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    const fn because(self, reason: Reason) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// Back to work with at least a day left, and the return is counted.
    const fn again(self) -> Self {
        Self { rework: true, ..self }
    }
}

/// The states a ticket is open in.
pub const OPEN: &[State] =
    &[Pool, Claimed, Community, Dispatched, InProgress, Coordination, Paused, Feedback, ClosedNofix];
const WORK: &[State] = &[Community, InProgress];

/// Every transition there is.
#[rustfmt::skip] // a table reads best a row a line
pub const TRANSITIONS: &[Transition] = &[
    row("T1", Report, &[], To::State(Pool), ("上报，进入街道待认领池", "reported into the pool of the street")),
    row("T2", Claim, &[Pool], To::State(Claimed), ("街道联络员认领", "claimed by a liaison of the street")),
    row("T3", Expire(Timer::Claim), &[Pool], To::State(Coordination), ("到时无人认领，转协调定责", "nobody claimed it in time: to coordination"))
        .because(Reason::Unclaimed),
    row("T3b", Claim, &[Coordination], To::State(Claimed), ("超时后认领，记为迟认领", "claimed late, out of coordination"))
        .when(When::Unclaimed),
    row("T4", HandToCommunity, &[Claimed], To::State(Community), ("小事交社区自办", "a small matter, left to the community"))
        .when(When::SmallMatter),
    row("T4b", Resolve, &[Community], To::State(Feedback), ("社区处置完成并反馈", "solved by the community and reported back")),
    row("T5", PassUp, &[Community], To::State(Claimed), ("社区上交街道，级别上调", "the community passes it up a level")),
    row("T5", Expire(Timer::Resolve), &[Community], To::State(Claimed), ("社区逾期，自动上交街道", "the community was late: passed up a level")),
    row("T6", Dispatch, &[Claimed], To::State(Dispatched), ("派遣至牵头部门，开始计处置时限", "sent to the lead department; its time begins")),
    row("T7", Expire(Timer::Dispatch), &[Claimed], To::Stay, ("认领后未按时派遣，提醒街道负责人", "not dispatched in time: the head of the street is told"))
        .when(When::FirstMiss),
    row("T8", MarkUnclear, &[Claimed], To::State(Coordination), ("责任不清，提交协调定责", "duty unclear: to coordination"))
        .because(Reason::Unclear),
    row("T8", Expire(Timer::Dispatch), &[Claimed], To::State(Coordination), ("再次未派遣，转协调定责", "not dispatched again: to coordination"))
        .when(When::SecondMiss)
        .because(Reason::Stalled),
    row("T9", Accept, &[Dispatched], To::State(InProgress), ("部门签收", "accepted by the department")),
    row("T9b", Accept, &[InProgress], To::Stay, ("同部门人员接手", "taken over by a colleague of the department"))
        .when(When::AnotherHandler),
    row("T10", Expire(Timer::Accept), &[Dispatched], To::State(InProgress), ("到时未签收，视为签收", "not accepted in time: deemed accepted")),
    row("T11", Refuse, &[Dispatched], To::State(Coordination), ("部门书面退回，转协调定责", "refused with a written basis: to coordination"))
        .when(When::MayRefuse)
        .because(Reason::Disputed),
    row("T12", RuleDepartment, &[Coordination], To::State(Dispatched), ("协调裁定牵头部门，具约束力", "ruled: the lead department is bound")),
    row("T12", RuleCommunity, &[Coordination], To::State(Community), ("协调裁定由社区办理，具约束力", "ruled: the community is bound"))
        .when(When::InCommunity),
    row("T13", Expire(Timer::Coord), &[Coordination], To::State(Dispatched), ("协调超时，由兜底部门承办", "no ruling in time: the fallback owner has it"))
        .when(When::Fallback),
    row("T13b", Expire(Timer::Coord), &[Coordination], To::Stay, ("协调超时且无兜底部门，报区值班领导", "no ruling and no fallback owner: the district's duty leader is told"))
        .when(When::NoFallback),
    row("T14", Resolve, &[InProgress], To::State(Feedback), ("处置完成并反馈", "work done and reported back"))
        .when(When::OwnWork),
    row("T14", Resolve, &[Dispatched], To::State(Feedback), ("处置完成并反馈，同时视为签收（T9）", "work done and reported back; counts as accepted too (T9)")),
    row("T15", Expire(Timer::Resolve), &[Claimed, Dispatched, InProgress, Coordination], To::Stay, ("处置超时，升级督办", "not resolved in time: escalated")),
    row("T16", Pause, &[InProgress], To::State(Paused), ("批准挂起，处置时限顺延", "pause approved; the deadline moves by it"))
        .when(When::PauseRequested),
    row("T17", Resume, &[Paused], To::Origin, ("恢复办理，收回未用的顺延", "resumed; the unused part is taken back")),
    row("T17", Expire(Timer::Resume), &[Paused], To::Origin, ("挂起到期，恢复办理", "the pause is over")),
    row("T18", CheckFailed, &[Feedback], To::Work, ("核查不通过，退回整改", "the check failed: back to the handler")).again(),
    row("T19", RateSatisfied, &[Feedback], To::State(Closed), ("上报人满意，结案", "the reporter is satisfied: closed")),
    row("T20", RateDissatisfied, &[Feedback], To::Work, ("上报人首次不满意，退回整改", "the reporter is dissatisfied: back to the handler"))
        .when(When::FirstTime)
        .again(),
    row("T21", RateDissatisfied, &[Feedback], To::State(Coordination), ("上报人再次不满意，转协调定责", "the reporter is dissatisfied again: to coordination"))
        .when(When::Again)
        .because(Reason::Dissatisfied),
    row("T22", Expire(Timer::Rate), &[Feedback], To::State(Closed), ("核查通过、上报人未评价，结案（不计满意）", "checked, unrated: closed, not counted as satisfied"))
        .when(When::CheckPassed),
    row("T22b", Expire(Timer::Rate), &[Feedback], To::Stay, ("到时仍未核查，提醒核查人负责人", "still unchecked: the checker's head is told"))
        .when(When::Unchecked),
    row("T23", PutOff, &[InProgress, Coordination], To::State(ClosedNofix), ("暂缓办结，公开原因与复查日期", "cannot be solved now: public reason and review date")),
    row("T24", Review, &[ClosedNofix], To::State(Coordination), ("复查，重新协调", "reviewed: to coordination again"))
        .because(Reason::Reviewed),
    row("T24", Expire(Timer::Review), &[ClosedNofix], To::State(Coordination), ("复查日期到，重新协调", "the review date has come: to coordination again"))
        .because(Reason::Reviewed),
    row("T24", CouncilReopens, &[ClosedNofix], To::State(Coordination), ("议事会决议重新办理，转协调", "the council takes it up again: to coordination"))
        .because(Reason::Reviewed),
    row("T41", CouncilReopens, &[Coordination], To::Stay, ("复查协调中，议事会决议重新办理", "the council takes it up again while it is coordinated"))
        .when(When::Reviewed),
    row("T41", CouncilKeeps, &[ClosedNofix], To::Stay, ("议事会决议继续暂缓，改定复查日期", "the council keeps it put off, with a new date of review")),
    row("T23", CouncilKeeps, &[Coordination], To::State(ClosedNofix), ("议事会决议继续暂缓，改定复查日期", "the council puts it off again, with a new date of review"))
        .when(When::Reviewed),
    row("T41", CouncilCloses, &[ClosedNofix], To::Stay, ("议事会决议了结议题，到期仍复查", "the council is done with it; it is still reviewed in its time")),
    row("T25", ConfirmInvalid, &[Pool, Claimed], To::State(Invalid), ("第二人确认，不予受理", "confirmed by a second person: invalid"))
        .when(When::InvalidProposed),
    row("T26", Appeal, &[Invalid], To::State(Coordination), ("上报人申诉，转协调", "the reporter appeals: to coordination"))
        .when(When::MayAppeal)
        .because(Reason::Appealed),
    row("T26b", DismissAppeal, &[Coordination], To::State(Invalid), ("申诉不成立，维持不予受理", "the appeal is dismissed: stays invalid"))
        .when(When::Appealed),
    row("T27", Merge, &[Pool, Claimed, Dispatched], To::State(Merged), ("并入同一事项", "merged into a ticket about the same trouble"))
        .when(When::NothingMergedIn),
    row("T28", Reopen, &[Closed], To::Work, ("结案后复发，重新办理", "the trouble came back: reopened"))
        .when(When::MayReopen)
        .again(),
    row("T29", Withdraw, &[Pool, Claimed], To::State(Withdrawn), ("上报人撤回", "withdrawn by the reporter"))
        .when(When::NoCoReports),
    row("T29b", Withdraw, &[Pool, Claimed], To::Stay, ("上报人退出，由下一位共同上报人接替", "the reporter leaves; the next co-reporter takes their place"))
        .when(When::CoReports),
    row("T30", Mediate, &[Claimed, Community, InProgress], To::State(Paused), ("转入调解，办理挂起", "in mediation meanwhile"))
        .when(When::NotMediated),
    row("T31", AddEvidence, OPEN, To::Stay, ("上报人补充照片或说明", "evidence added by the reporter")),
    row("T32", Classify, &[Claimed, Coordination], To::Stay, ("核定类别", "classified")),
    row("T33", FileStatement, &[Coordination], To::Stay, ("当事方陈述", "a statement of a party")),
    row("T34", FinishPart, &[Dispatched, InProgress, Coordination, Paused, Feedback], To::Stay, ("协办部门完成配合", "an assisting department has done its part")),
    row("T35", RequestPause, &[InProgress], To::Stay, ("申请挂起", "a pause is asked for")).when(When::OwnWork),
    row("T36", ProposeInvalid, &[Pool, Claimed], To::Stay, ("提议不予受理，待第二人确认", "proposed as invalid, to be confirmed")),
    row("T37", CheckPassed, &[Feedback], To::Stay, ("核查通过", "the check has passed")).when(When::Unchecked),
    row("T38", Expire(Timer::Verify), &[Feedback], To::Stay, ("核查超时，另抽核查人", "not checked in time: another checker is drawn"))
        .when(When::Unchecked),
    row("T39", TakeIn, OPEN, To::Stay, ("并入一条重复上报", "a duplicate was merged into it")),
    row("T40", InviteParties, &[Coordination], To::Stay, ("请部门陈述意见", "departments are invited to state their view")),
];

/// Where work is done.
pub fn is_work(state: State) -> bool {
    WORK.contains(&state)
}
