//! T6, T12 and T40: departments of the district are sent work, or asked for their statement.
use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use super::{Target, act};
use crate::{
    Tickets,
    decide::{Deed, Ruling},
    error::Refusal,
    ticket::Ticket,
};

/// Which ticket goes where.
#[derive(Clone, Debug)]
pub struct Dispatch {
    pub target: Target,
    pub department_id: Uuid,
    pub assisting: Vec<Uuid>,
    pub text: String,
}

/// Dispatches it; the department's time begins with the first dispatch.
pub async fn dispatch(tickets: &Tickets, caller: &Caller, dispatch: Dispatch) -> Result<Ticket, Fault> {
    let Dispatch { target, department_id, assisting, text } = dispatch;
    check_departments(tickets, caller, Some(department_id), &assisting).await?;
    act(tickets, caller, target, Deed::Dispatch { department_id, assisting, text }).await
}

/// The coordinator's binding word.
pub async fn rule(
    tickets: &Tickets,
    caller: &Caller,
    target: Target,
    (ruling, reason): (Ruling, String),
) -> Result<Ticket, Fault> {
    check_departments(tickets, caller, ruling.department_id, &ruling.assisting).await?;
    act(tickets, caller, target, Deed::Rule { ruling, reason }).await
}

/// Asks departments for their statement.
pub async fn invite(tickets: &Tickets, caller: &Caller, target: Target, invitation: Deed) -> Result<Ticket, Fault> {
    if invitation.invited().is_empty() {
        return Err(Fault::field("department_ids", "must name 1 to 5 departments"));
    }
    check_listed(tickets, caller, None, ("department_ids", invitation.invited())).await?;
    act(tickets, caller, target, invitation).await
}

async fn check_departments(
    tickets: &Tickets,
    caller: &Caller,
    lead: Option<Uuid>,
    assisting: &[Uuid],
) -> Result<(), Fault> {
    check_listed(tickets, caller, lead, ("assisting_ids", assisting)).await?;
    match lead.filter(|lead| !tickets.staff.departments(caller.district_id).knows(*lead)) {
        Some(_) => Err(Refusal::DepartmentNotFound.into()),
        None => Ok(()),
    }
}

/// At most five departments beside the lead, each once and all of the district.
async fn check_listed(
    tickets: &Tickets,
    caller: &Caller,
    lead: Option<Uuid>,
    (field, listed): (&str, &[Uuid]),
) -> Result<(), Fault> {
    let district = caller.district_id;
    let all = || lead.iter().chain(listed);
    if !all().all(|department| tickets.staff.departments(district).knows(*department)) {
        tickets.staff.reread(&tickets.pool, tickets.clock.today()).await?;
    }
    let departments = tickets.staff.departments(district);
    if listed.len() > 5 {
        return Err(Fault::field(field, "at most 5 departments"));
    }
    for (at, department) in listed.iter().enumerate() {
        if Some(*department) == lead || listed[..at].contains(department) {
            return Err(Fault::field(format!("{field}[{at}]"), "the same department twice"));
        }
        if !departments.knows(*department) {
            return Err(Fault::not_found("DEPARTMENT_NOT_FOUND", "no such department")
                .at_field(format!("{field}[{at}]"), "no such department in the caller's district"));
        }
    }
    Ok(())
}
