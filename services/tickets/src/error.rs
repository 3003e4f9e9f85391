//! Every way this service refuses, with its stable reason.
use chassis::faults::Fault;

use crate::{machine::When, ticket::Ticket, wire};

/// Why a call was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("no such ticket in the caller's district")]
    TicketNotFound,
    #[error("no such place in the caller's district")]
    PlaceNotFound,
    #[error("no such department in the caller's district")]
    DepartmentNotFound,
    #[error("no such category")]
    CategoryUnknown,
    #[error("lies in no subdistrict of the caller's district")]
    OutsideDistrict,
    #[error("lies {0} m from place_id, more than the accuracy")]
    PlaceMismatch(u32),
    #[error("WGS84 or GCJ02 must be named")]
    CrsRequired,
    #[error("lies more than 2 minutes in the future")]
    CapturedInFuture,
    #[error("a text or at least one photo is needed")]
    EvidenceRequired,
    /// Which of the photos, from 0.
    #[error("not an upload of the caller")]
    MediaNotYours(usize),
    #[error("text is needed")]
    TextRequired,
    #[error("a comment is needed when dissatisfied")]
    CommentRequired,
    #[error("this category asks for a photo taken after the work")]
    AfterPhotoRequired,
    #[error("the ticket lies outside the places of the caller's posts")]
    PlaceNotAllowed,
    #[error("the ticket is not the caller's, nor their department's")]
    NotYours,
    #[error("somebody else has claimed it")]
    AlreadyClaimed(Box<Ticket>),
    #[error("the next step is that of the liaison who claimed it")]
    NotTheClaimer(Box<Ticket>),
    #[error("only the handler who accepted it resolves it")]
    NotTheHandler(Box<Ticket>),
    #[error("the state does not allow it")]
    StateConflict(Box<Ticket>),
    #[error("the ticket has changed")]
    EtagMismatch(Box<Ticket>),
    #[error("the ticket does not meet what this transition asks for")]
    ConditionNotMet(When, Box<Ticket>),
    #[error("finder, handler and checker are different people")]
    NotIndependent(Box<Ticket>),
    #[error("somebody else was drawn to check it")]
    NotTheChecker(Box<Ticket>),
    /// Which field.
    #[error("a reason is needed, 1 to 1000 characters")]
    ReasonRequired(&'static str),
    #[error("far from the reported point: a reason is needed")]
    AwayReasonRequired,
    /// Which field, and the most minutes from now.
    #[error("must be later than now and at most {1} minutes ahead")]
    OutOfBounds(&'static str, i64),
    #[error("the one extension has been given")]
    AlreadyExtended(Box<Ticket>),
    #[error("it has been in mediation once: ask for a pause")]
    AlreadyMediated(Box<Ticket>),
    #[error("no open ticket of this id in the caller's reach")]
    ParentNotOpen,
    #[error("the parties must consent")]
    ConsentRequired,
    #[error("photos are there already, or would be more than 18")]
    TooManyPhotos(Box<Ticket>),
    #[error("16 words have been added in this state")]
    TooMuchSaid(Box<Ticket>),
    #[error("holds no liaison's post in the district")]
    PersonNotLiaison,
    #[error("no such duty in the caller's district")]
    DutyNotFound,
    #[error("somebody who is mentioned holds no post of the staff")]
    PersonNotStaff,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::TicketNotFound => Self::not_found("TICKET_NOT_FOUND", detail),
            Refusal::PlaceNotFound => Self::not_found("PLACE_NOT_FOUND", &detail).at_field("place_id", detail),
            Refusal::DepartmentNotFound => {
                Self::not_found("DEPARTMENT_NOT_FOUND", &detail).at_field("department_id", detail)
            }
            Refusal::CategoryUnknown => Self::field_reason("CATEGORY_UNKNOWN", "category_code", detail),
            Refusal::OutsideDistrict => Self::field_reason("OUTSIDE_DISTRICT", "location", detail),
            Refusal::PlaceMismatch(metres) => {
                Self::field_reason("PLACE_MISMATCH", "place_id", detail).fact("distance_m", metres)
            }
            Refusal::CrsRequired => Self::field_reason("COORDINATE_SYSTEM_REQUIRED", "location.crs", detail),
            Refusal::CapturedInFuture => Self::field_reason("CAPTURED_IN_FUTURE", "captured_at", detail),
            Refusal::EvidenceRequired => Self::field_reason("EVIDENCE_REQUIRED", "text", detail),
            Refusal::MediaNotYours(at) => Self::field_reason("MEDIA_NOT_YOURS", format!("media_ids[{at}]"), detail),
            Refusal::TextRequired => Self::field_reason("TEXT_REQUIRED", "text", detail),
            Refusal::CommentRequired => Self::field_reason("COMMENT_REQUIRED", "comment", detail),
            Refusal::AfterPhotoRequired => Self::field_reason("AFTER_PHOTO_REQUIRED", "media_ids", detail),
            Refusal::PlaceNotAllowed => Self::denied("PLACE_NOT_ALLOWED", detail),
            Refusal::NotYours => Self::denied("NOT_YOURS", detail),
            Refusal::AlreadyClaimed(ticket) => claimed(conflict("ALREADY_CLAIMED", detail, &ticket), &ticket),
            Refusal::NotTheClaimer(ticket) => claimed(Self::denied("NOT_THE_CLAIMER", detail), &ticket),
            Refusal::NotTheHandler(ticket) => Self::denied("NOT_THE_HANDLER", detail)
                .fact("handler", ticket.handler_name.as_deref().unwrap_or_default()),
            Refusal::StateConflict(ticket) => conflict("STATE_CONFLICT", detail, &ticket),
            Refusal::EtagMismatch(ticket) => conflict("ETAG_MISMATCH", detail, &ticket),
            Refusal::ConditionNotMet(when, ticket) => {
                let (zh, en) = when.words();
                conflict("CONDITION_NOT_MET", detail, &ticket).fact("condition_zh", zh).fact("condition", en)
            }
            Refusal::NotIndependent(ticket) => conflict("NOT_INDEPENDENT", detail, &ticket),
            Refusal::NotTheChecker(ticket) => Self::denied("NOT_THE_CHECKER", detail)
                .fact("checker", ticket.checker_name.as_deref().unwrap_or_default()),
            Refusal::ReasonRequired(field) => Self::field_reason("REASON_REQUIRED", field, detail),
            Refusal::AwayReasonRequired => Self::field_reason("AWAY_REASON_REQUIRED", "away_reason", detail),
            Refusal::OutOfBounds(field, most) => {
                Self::field_reason("OUT_OF_BOUNDS", field, detail).fact("most_minutes", most)
            }
            Refusal::AlreadyExtended(ticket) => conflict("ALREADY_EXTENDED", detail, &ticket),
            Refusal::AlreadyMediated(ticket) => conflict("ALREADY_MEDIATED", detail, &ticket),
            Refusal::ParentNotOpen => Self::conflict("PARENT_NOT_OPEN", detail),
            Refusal::ConsentRequired => Self::field_reason("CONSENT_REQUIRED", "consent", detail),
            Refusal::TooManyPhotos(ticket) => conflict("TOO_MANY_PHOTOS", detail, &ticket),
            Refusal::TooMuchSaid(ticket) => conflict("TOO_MUCH_SAID", detail, &ticket),
            Refusal::PersonNotLiaison => Self::field_reason("PERSON_NOT_LIAISON", "person_id", detail),
            Refusal::PersonNotStaff => Self::field_reason("PERSON_NOT_STAFF", "mentioned_ids", detail),
            Refusal::DutyNotFound => Self::not_found("DUTY_NOT_FOUND", detail),
        }
    }
}

/// A 409 of a transition; it says where the ticket stands now.
fn conflict(reason: &'static str, detail: String, ticket: &Ticket) -> Fault {
    let (state, fault) = (ticket.state(), Fault::conflict(reason, detail));
    fault.fact("state", state.code()).fact("state_zh", state.zh()).fact("etag", wire::etag(ticket.version))
}

fn claimed(fault: Fault, ticket: &Ticket) -> Fault {
    let at = ticket.claimed_at.map(|at| wire::local(at, "%Y-%m-%d %H:%M")).unwrap_or_default();
    fault.fact("claimed_by", ticket.claimer_name.as_deref().unwrap_or_default()).fact("claimed_at", at)
}
