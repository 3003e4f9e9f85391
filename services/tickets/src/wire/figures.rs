//! Figures on the wire.
use chassis::clock::timestamp;
use proto::tickets::v1::{self as wire, get_figures_response, public_summary};

use crate::{
    figures::{Figures, LEAST_SHOWN, share},
    ops::{FigureRow, FiguresAsked, Group, Summary},
    store::figure::Overdue,
};

pub fn asked(request: wire::GetFiguresRequest) -> FiguresAsked {
    let wire::GetFiguresRequest { from_month, until_month, group_by, place_path } = request;
    FiguresAsked { from_month, until_month, group_by, place_path }
}

pub fn figures((rows, overdue): (Vec<FigureRow>, Overdue)) -> wire::GetFiguresResponse {
    let row = |row: FigureRow| get_figures_response::Row {
        key: row.key,
        department_id: row.department_id,
        name: row.name,
        rates: Some(rates(&row.figures)),
        figures: Some(counters(&row.figures)),
        recurrences: Some(row.figures.get("recurrences")),
    };
    wire::GetFiguresResponse {
        rows: rows.into_iter().map(row).collect(),
        overdue_now: overdue.many,
        overdue_since: overdue.oldest.map(timestamp),
        overdue_mean_minutes: overdue.mean_minutes,
        overdue_over_1_day: overdue.over_1_day,
        overdue_over_3_days: overdue.over_3_days,
    }
}

fn counters(figures: &Figures) -> wire::Figures {
    let mut values = figures.0.iter().copied();
    let mut next = || values.next().unwrap_or(0);
    wire::Figures {
        reported: next(),
        withdrawn: next(),
        invalid: next(),
        merged: next(),
        claimed_on_time: next(),
        claimed_late: next(),
        dispatched: next(),
        resolved_on_time: next(),
        resolved_late: next(),
        overdue: next(),
        refusals: next(),
        coordinated: next(),
        answered: next(),
        solved: next(),
        satisfied: next(),
        closed: next(),
        first_time_fixed: next(),
        returned: next(),
        reopened: next(),
        recurred: next(),
        solved_by_compound: next(),
        solved_by_community: next(),
        solved_by_subdistrict: next(),
        solved_by_district: next(),
    }
}

fn rates(figures: &Figures) -> wire::Rates {
    let (begun, answered, closed) = (figures.get("dispatched"), figures.get("answered"), figures.get("closed"));
    wire::Rates {
        response: figures.rate("claimed_on_time", figures.standing()),
        on_time: figures.rate("resolved_on_time", begun),
        answered: share(answered, figures.get("resolved_on_time") + figures.get("resolved_late")),
        solved: figures.rate("solved", answered),
        satisfied: figures.rate("satisfied", answered),
        refusal: figures.rate("refusals", begun),
        first_time_fix: figures.rate("first_time_fixed", closed),
        recurrence: figures.rate("recurrences", figures.get("reported")),
    }
}

pub fn summary(summary: Summary) -> wire::PublicSummary {
    wire::PublicSummary {
        month: summary.month.format("%Y-%m").to_string(),
        total: Some(group(summary.total)),
        subdistricts: summary.subdistricts.into_iter().map(group).collect(),
        classes: summary.classes.into_iter().map(group).collect(),
    }
}

fn group(group: Group) -> public_summary::Group {
    let Some(figures) = group.figures else {
        return public_summary::Group { name: group.name, held_back: true, ..Default::default() };
    };
    let told = rates(&figures);
    let answered = Some(figures.get("answered")).filter(|answered| *answered >= LEAST_SHOWN);
    public_summary::Group {
        name: group.name,
        reported: Some(figures.get("reported")),
        closed: Some(figures.get("closed")),
        response: told.response,
        on_time: told.on_time,
        satisfied: told.satisfied.filter(|_| answered.is_some()),
        answered,
        held_back: false,
    }
}
