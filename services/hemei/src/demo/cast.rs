//! Who lives and works there. Whoever comes first in a role plays in the one-minute story and works in the same street.
use chrono::NaiveDate;
use rand::rngs::StdRng;
use residents::import::{PersonRow, PostRow};

use super::{land::District, names};

/// People of one district, with their posts.
#[derive(Default)]
pub struct Cast {
    pub people: Vec<PersonRow>,
    pub posts: Vec<PostRow>,
}

impl Cast {
    /// The phones of everybody with a role, with the place of the post.
    pub fn of<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a PostRow> {
        self.posts.iter().filter(move |post| post.role == role)
    }

    fn person(&mut self, random: &mut StdRng, phones: &mut Phones) -> String {
        let phone = phones.next();
        self.people.push(PersonRow { line: 0, phone: phone.clone(), name: names::person(random) });
        phone
    }

    fn post(&mut self, (phone, since): (&str, &str), role: &str, place_path: &str, department_code: &str) {
        self.posts.push(PostRow {
            line: 0,
            phone: phone.to_owned(),
            role: role.to_owned(),
            place_path: place_path.to_owned(),
            department_code: department_code.to_owned(),
            from_date: since.to_owned(),
            ..PostRow::default()
        });
    }

    fn hire(&mut self, (random, phones): (&mut StdRng, &mut Phones), role: &str, place: &str, department: &str) {
        let phone = self.person(random, phones);
        self.post((&phone, &phones.since), role, place, department);
    }
}

/// 19900000001 and on, and the day since when their owners have been there.
pub struct Phones {
    last: u32,
    since: String,
}

impl Phones {
    pub fn new(since: NaiveDate) -> Self {
        Self { last: 0, since: since.to_string() }
    }

    fn next(&mut self) -> String {
        self.last += 1;
        format!("1990000{:04}", self.last)
    }
}

/// How many couriers and community workers a district has.
pub struct Figures {
    pub couriers: usize,
    pub workers: usize,
}

/// Everybody who works for the district.
pub fn staff(district: &District, figures: &Figures, random: &mut StdRng, phones: &mut Phones) -> Cast {
    let mut cast = Cast::default();
    let (streets, communities) = (&district.streets, &district.communities);
    for index in 0..figures.couriers {
        cast.hire((random, phones), "courier", &streets[index % streets.len()], "");
    }
    for street in streets.iter().chain(streets) {
        cast.hire((random, phones), "liaison", street, "");
    }
    for index in 0..figures.workers {
        cast.hire((random, phones), "community_worker", &communities[index % communities.len()].path, "");
    }
    for _ in 0..2 {
        for (code, _) in names::DEPARTMENTS {
            cast.hire((random, phones), "department_handler", district.code, code);
        }
        cast.hire((random, phones), "coordinator", district.code, "");
    }
    for (index, community) in communities.iter().enumerate() {
        let showcase = index == 0;
        let mut manager = cast.person(random, phones);
        for (number, compound) in community.compounds.iter().enumerate() {
            cast.hire((random, phones), "home_observer", &compound.path, "");
            if showcase && number > 0 {
                manager = cast.person(random, phones);
            }
            cast.post((&manager, &phones.since), "property_manager", &compound.path, "");
        }
    }
    cast.hire((random, phones), "district_admin", district.code, "");
    cast.hire((random, phones), "auditor", district.code, "");
    cast
}

/// So many residents, two or three in every household.
pub fn residents(district: &District, count: usize, random: &mut StdRng, phones: &mut Phones) -> Cast {
    let mut cast = Cast::default();
    let homes = district.households.len();
    for index in 0..count {
        let home = if index < homes * 2 { index / 2 } else { index % homes };
        cast.hire((random, phones), "resident", &district.households[home].path, "");
    }
    cast
}
