//! T6 and T12: work goes to departments of the district.
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

async fn check_departments(
    tickets: &Tickets,
    caller: &Caller,
    lead: Option<Uuid>,
    assisting: &[Uuid],
) -> Result<(), Fault> {
    let district = caller.district_id;
    let all = || lead.iter().chain(assisting);
    if !all().all(|department| tickets.staff.departments(district).knows(*department)) {
        tickets.staff.reread(&tickets.pool, tickets.clock.today()).await?;
    }
    let departments = tickets.staff.departments(district);
    if assisting.len() > 5 {
        return Err(Fault::field("assisting_ids", "at most 5 departments"));
    }
    for (at, department) in assisting.iter().enumerate() {
        if Some(*department) == lead || assisting[..at].contains(department) {
            return Err(Fault::field(format!("assisting_ids[{at}]"), "the same department twice"));
        }
        if !departments.knows(*department) {
            return Err(Fault::not_found("DEPARTMENT_NOT_FOUND", "no such department")
                .at_field(format!("assisting_ids[{at}]"), "no such department in the caller's district"));
        }
    }
    match lead.filter(|lead| !departments.knows(*lead)) {
        Some(_) => Err(Refusal::DepartmentNotFound.into()),
        None => Ok(()),
    }
}
