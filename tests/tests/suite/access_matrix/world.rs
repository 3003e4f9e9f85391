//! Two districts with all their people, and the resources the matrix asks about.
use std::collections::HashSet;

use anyhow::{Context, Result};
use hemei_tests::{Client, Person, people, tickets};
use serde_json::json;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Own,
    OtherPerson,
    OtherDistrict,
}

/// Two districts with all their people.
pub struct World {
    pub client: Client,
    people: Vec<Person>,
    pub home: String,
    pub away: String,
}

impl World {
    pub async fn look(client: &Client) -> Result<Self> {
        let mut people = people::all(client).await?;
        // many reports of one courier at one place are looked at before anything is awarded: the journeys' courier makes none here
        let quiet: HashSet<String> = people::quiet_couriers(&people).map(|courier| courier.person_id.clone()).collect();
        people.retain(|person| person.role != "courier" || quiet.contains(&person.person_id));
        let home = people[0].district_id.clone();
        let away =
            people.iter().find(|person| person.district_id != home).context("a second district")?.district_id.clone();
        Ok(Self { client: client.clone(), people, home, away })
    }

    fn of<'w>(&'w self, role: &'w str, district: &'w str) -> impl Iterator<Item = &'w Person> {
        self.people.iter().filter(move |person| person.role == role && person.district_id == district)
    }

    pub fn one(&self, role: &str, district: &str) -> Result<Person> {
        self.of(role, district).next().cloned().with_context(|| format!("no {role}"))
    }

    pub async fn signed_in(&self, role: &str, district: &str) -> Result<Client> {
        people::sign_in(&self.client, &self.one(role, district)?).await
    }

    /// Where a resource has to lie for a person: at the person's own point, elsewhere in the district, or in the other one.
    pub fn point_for(&self, person: &Person, whose: Whose) -> Result<Person> {
        let other_street = |candidate: &&Person| {
            candidate.place_id != person.place_id
                && (candidate.location.lng, candidate.location.lat) != (person.location.lng, person.location.lat)
        };
        match whose {
            Whose::Own => Ok(person.clone()),
            Whose::OtherPerson => self.of("liaison", &self.home).find(other_street).cloned().context("another street"),
            Whose::OtherDistrict => self.one("liaison", &self.away),
        }
    }

    /// A fresh ticket at the right place, reported by a courier, or by the person themself.
    pub async fn ticket(&self, person: &Person, whose: Whose, mine: bool) -> Result<String> {
        let at = self.point_for(person, whose)?;
        let reporter = match whose {
            Whose::Own if mine => people::sign_in(&self.client, person).await?,
            Whose::OtherDistrict => self.signed_in("courier", &self.away).await?,
            _ => self.other("courier", person).await?,
        };
        let id = Uuid::now_v7();
        reporter.post("/v1/tickets", &tickets::report(id, &at)).await?.success()?;
        Ok(id.to_string())
    }

    /// Somebody in a role of the home district who is not this person.
    pub async fn other(&self, role: &str, person: &Person) -> Result<Client> {
        let other = self.of(role, &self.home).find(|other| other.person_id != person.person_id).context("another")?;
        people::sign_in(&self.client, other).await
    }

    /// A ticket dispatched to the person's department, to another one, or in the other district.
    pub async fn dispatched(&self, person: &Person, whose: Whose) -> Result<String> {
        let district = if whose == Whose::OtherDistrict { &self.away } else { &self.home };
        let liaison = self.one("liaison", district)?;
        let mine = person.department_id.clone();
        let fits = |handler: &&Person| match whose {
            Whose::Own => mine.is_none() || handler.department_id == mine,
            _ => handler.department_id != mine,
        };
        let handler = self.of("department_handler", district).find(fits).context("a handler")?;
        let id = Uuid::now_v7();
        let courier = self.signed_in("courier", district).await?;
        courier.post("/v1/tickets", &tickets::report(id, &liaison)).await?.success()?;
        let as_liaison = people::sign_in(&self.client, &liaison).await?;
        as_liaison.post(&format!("/v1/tickets/{id}:claim"), &json!({})).await?.success()?;
        let body = json!({"department_id": handler.department_id});
        as_liaison.post(&format!("/v1/tickets/{id}:dispatch"), &body).await?.success()?;
        Ok(id.to_string())
    }

    /// The compound a person is in, another one, or one of the other district.
    pub async fn compound(&self, person: &Person, whose: Whose) -> Result<String> {
        let at = match whose {
            Whose::Own => person.clone(),
            Whose::OtherPerson => {
                let elsewhere =
                    |other: &&Person| other.place_id != person.place_id && other.place_name != person.place_name;
                let others = self.of("home_observer", &self.home).filter(elsewhere);
                others.last().cloned().context("another compound")?
            }
            Whose::OtherDistrict => self.one("property_manager", &self.away)?,
        };
        let viewer = self.signed_in("auditor", &at.district_id).await?;
        let point = &at.location;
        let path = format!("/v1/places:locate?lng={}&lat={}&crs={}", point.lng, point.lat, point.crs);
        let located = viewer.get(&path).await?.success()?;
        let compound = located["compound"]["place_id"].as_str().or(located["nearest"][0]["place"]["place_id"].as_str());
        Ok(compound.context("a compound")?.to_owned())
    }

    pub async fn prize(&self, whose: Whose) -> Result<String> {
        let district = if whose == Whose::OtherDistrict { &self.away } else { &self.home };
        let prizes = self.signed_in("courier", district).await?.get("/v1/prizes").await?.success()?;
        Ok(prizes["prizes"][0]["prize_id"].as_str().context("a prize")?.to_owned())
    }
}
