//! Counts and rates, for the staff and for everybody.
use std::collections::HashMap;

use chassis::{access::Caller, clock::business_date, faults::Fault};
use chrono::{Datelike, Months, NaiveDate};
use uuid::Uuid;

use crate::{
    Tickets,
    category::family,
    error::Refusal,
    figures::{Figures, held_back},
    store::{
        self,
        figure::{Overdue, Wanted},
    },
    ticket::place_above,
};

/// The most months in one answer.
const MONTHS: u32 = 24;

/// What is asked for; months as "2026-11".
#[derive(Clone, Debug)]
pub struct FiguresAsked {
    pub from_month: String,
    pub until_month: String,
    pub group_by: String,
    pub place_path: String,
}

/// A sum with its key and its name for people.
#[derive(Clone, Debug)]
pub struct Row {
    pub key: String,
    /// By department, where one has them.
    pub department_id: Option<String>,
    pub name: String,
    pub figures: Figures,
}

/// The sums within the caller's reach, and what is overdue there now.
pub async fn get_figures(
    tickets: &Tickets,
    caller: &Caller,
    asked: FiguresAsked,
) -> Result<(Vec<Row>, Overdue), Fault> {
    let from = month(tickets, "from_month", &asked.from_month, 0)?;
    let until = if asked.until_month.is_empty() { from } else { month(tickets, "until_month", &asked.until_month, 0)? };
    if until < from || from.checked_add_months(Months::new(MONTHS)).is_none_or(|limit| until >= limit) {
        return Err(Fault::field(
            "until_month",
            format!("must not be before from_month, at most {MONTHS} months in all"),
        ));
    }
    if !["", "DEPARTMENT", "PLACE", "CATEGORY", "MONTH"].contains(&asked.group_by.as_str()) {
        return Err(Fault::field("group_by", "must be DEPARTMENT, PLACE, CATEGORY, MONTH or empty"));
    }
    let reach = &caller.reach;
    let narrow = !asked.place_path.is_empty();
    if narrow && !reach.district && reach.departments.is_empty() && !caller.reaches_place(&asked.place_path) {
        return Err(Refusal::PlaceNotAllowed.into());
    }
    let own = [asked.place_path.clone()];
    let places = if narrow { Some(&own[..]) } else { (!reach.places.is_empty()).then_some(&reach.places[..]) };
    let places = places.filter(|_| narrow || !reach.district);
    let departments = (!reach.departments.is_empty() && !reach.district).then_some(&reach.departments[..]);
    let wanted = Wanted { district_id: caller.district_id, from, until, places, departments, by: &asked.group_by };
    let sums = store::figure::sums(&tickets.pool, &wanted).await?;
    let overdue = store::figure::overdue(&tickets.pool, &wanted, tickets.clock.now()).await?;
    let names = names(tickets, caller.district_id, &asked.group_by).await?;
    let row = |(key, counters): (String, Vec<i64>)| {
        let name = names.get(&key).cloned().unwrap_or_else(|| key.clone());
        let department_id = (asked.group_by == "DEPARTMENT").then(|| key.clone()).filter(|id| !id.is_empty());
        Row { key, department_id, name, figures: Figures(counters) }
    };
    Ok((sums.into_iter().map(row).collect(), overdue))
}

/// The first day of a month; empty: this one, or so many before it.
fn month(tickets: &Tickets, field: &str, text: &str, before: u32) -> Result<NaiveDate, Fault> {
    let today = business_date(tickets.clock.now());
    let day = if text.is_empty() {
        today.with_day(1).and_then(|first| first.checked_sub_months(Months::new(before)))
    } else {
        (text.len() == 7).then(|| format!("{text}-01").parse().ok()).flatten()
    };
    let day = day.filter(|day: &NaiveDate| (2020..=2100).contains(&day.year()));
    day.ok_or_else(|| Fault::field(field, "must be a month, for example 2026-11"))
}

async fn names(tickets: &Tickets, district: Uuid, by: &str) -> Result<HashMap<String, String>, Fault> {
    Ok(match by {
        "DEPARTMENT" => {
            let none = (String::new(), "未派遣".to_owned());
            store::place::department_names(&tickets.pool, district).await?.into_iter().chain([none]).collect()
        }
        // what lies in no community counts for its street
        "PLACE" => {
            let (streets, communities) = tokio::try_join!(
                store::place::names(&tickets.pool, district, 2),
                store::place::names(&tickets.pool, district, 3)
            )?;
            streets.into_iter().chain(communities).collect()
        }
        "CATEGORY" => {
            tickets.categories.ensure(&tickets.pool).await?;
            let list = tickets.categories.of(district).into_iter();
            list.map(|category| (category.category_code.clone(), category.name.clone())).collect()
        }
        _ => HashMap::new(),
    })
}

/// A group of the public summary; none of its figures where it is held back.
#[derive(Clone, Debug)]
pub struct Group {
    pub name: String,
    pub figures: Option<Figures>,
}

/// What everybody may know of a district's month.
#[derive(Clone, Debug)]
pub struct Summary {
    pub month: NaiveDate,
    pub total: Group,
    pub subdistricts: Vec<Group>,
    pub classes: Vec<Group>,
}

/// A month of a district, small groups held back.
pub async fn public_summary(tickets: &Tickets, district_id: Uuid, asked: &str) -> Result<Summary, Fault> {
    let month = month(tickets, "month", asked, 1)?;
    let pool = &tickets.pool;
    let name = store::place::names(pool, district_id, 1).await?.into_iter().next();
    let (_, name) = name
        .ok_or_else(|| Fault::not_found("DISTRICT_UNKNOWN", "no such district").at_field("district_id", "unknown"))?;
    let wanted = |by| Wanted { district_id, from: month, until: month, places: None, departments: None, by };
    let streets: HashMap<_, _> = store::place::names(pool, district_id, 2).await?.into_iter().collect();
    let places = store::figure::sums(pool, &wanted("PLACE")).await?;
    let street = |path: &str| {
        let street = place_above(path, 2);
        streets.get(&street).cloned().unwrap_or(street)
    };
    let categories = store::figure::sums(pool, &wanted("CATEGORY")).await?;
    let subdistricts = grouped(places.into_iter().map(|(path, counters)| (street(&path), counters)));
    tickets.categories.ensure(pool).await?;
    let class = |code: &str| tickets.categories.class_name(district_id, family(code));
    let classes = grouped(categories.into_iter().map(|(code, counters)| (class(&code), counters)));
    let total = subdistricts.iter().fold(Figures::default(), |sum, (_, figures)| sum.plus(figures));
    let total = shown(vec![(name, total)]).remove(0);
    Ok(Summary { month, total, subdistricts: shown(subdistricts), classes: shown(classes) })
}

fn grouped(rows: impl Iterator<Item = (String, Vec<i64>)>) -> Vec<(String, Figures)> {
    let mut groups: Vec<(String, Figures)> = Vec::new();
    for (name, counters) in rows {
        let counters = Figures(counters);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum = sum.plus(&counters),
            None => groups.push((name, counters)),
        }
    }
    groups
}

fn shown(groups: Vec<(String, Figures)>) -> Vec<Group> {
    let sizes: Vec<i64> = groups.iter().map(|(_, figures)| figures.get("reported")).collect();
    let held = held_back(&sizes);
    let group =
        |((name, figures), held): ((String, Figures), bool)| Group { name, figures: (!held).then_some(figures) };
    groups.into_iter().zip(held).map(group).collect()
}
