//! Two districts on a schematic grid: streets are bands, communities tile them, compounds stand in them with roads between.
use residents::import::PlaceRow;

use super::names;

/// GCJ-02, degrees. A street is a band of 500 m over 3.9 km.
const WEST: f64 = 130.264;
const WIDTH: f64 = 0.052;
const SOUTH: f64 = 47.33;
const BAND: f64 = 0.0045;
/// Half a road.
const ROAD: (f64, f64) = (0.0001, 0.0001);
const COMPOUNDS: usize = 5;

/// A compound with where it stands.
#[derive(Clone, Debug)]
pub struct Compound {
    pub path: String,
    pub center: (f64, f64),
}

/// A community with its compounds.
#[derive(Clone, Debug)]
pub struct Community {
    pub path: String,
    pub street: String,
    pub compounds: Vec<Compound>,
}

/// A household that people live in.
#[derive(Clone, Debug)]
pub struct Household {
    pub path: String,
}

/// The plan of one district.
#[derive(Clone, Debug)]
pub struct District {
    pub code: &'static str,
    pub name: &'static str,
    pub rows: Vec<PlaceRow>,
    pub streets: Vec<String>,
    pub communities: Vec<Community>,
    pub households: Vec<Household>,
}

/// Both districts: 工农区 south, 兴山区 north of it.
pub fn districts() -> [District; 2] {
    let mut south = District::begin("gn", "工农区", 0, 5);
    let mut north = District::begin("xs", "兴山区", 5, 3);
    south.build(0, 36, 1);
    north.build_showcase();
    [south, north]
}

impl District {
    fn begin(code: &'static str, name: &'static str, first: usize, streets: usize) -> Self {
        let (rows, communities, households) = (Vec::new(), Vec::new(), Vec::new());
        let mut district = Self { code, name, rows, streets: Vec::new(), communities, households };
        let south = SOUTH + BAND * first as f64;
        district.place(code, name, "DISTRICT", Some((WEST, south, WEST + WIDTH, south + BAND * streets as f64)));
        for street in first..first + streets {
            district.street(street);
        }
        district
    }

    fn street(&mut self, street: usize) {
        let (code, name) = names::STREETS[street];
        let path = format!("{}.{code}", self.code);
        let south = SOUTH + BAND * street as f64;
        self.place(&path, name, "SUBDISTRICT", Some((WEST, south, WEST + WIDTH, south + BAND)));
        self.streets.push(path.clone());
        // The last two streets have three communities, so that there are thirty.
        let (count, first) = if street < 6 { (4, street * 4) } else { (3, 24 + (street - 6) * 3) };
        for index in 0..count {
            self.community(&path, first + index, (index, count), south);
        }
    }

    fn community(&mut self, street: &str, number: usize, (index, count): (usize, usize), south: f64) {
        let width = WIDTH / count as f64;
        let west = WEST + width * index as f64;
        let path = format!("{street}.c{}", index + 1);
        let name = format!("{}社区", names::COMMUNITIES[number]);
        self.place(&path, &name, "COMMUNITY", Some((west, south, west + width, south + BAND)));
        let mut compounds = Vec::new();
        for compound in 0..COMPOUNDS {
            let wide = width / COMPOUNDS as f64;
            let (from, to) = (west + wide * compound as f64, west + wide * (compound + 1) as f64);
            let area = (from + ROAD.0, south + ROAD.1, to - ROAD.0, south + BAND - ROAD.1);
            let path = format!("{path}.{:02}", compound + 1);
            self.place(&path, &names::compound(number * COMPOUNDS + compound), "COMPOUND", Some(area));
            compounds.push(Compound { path, center: ((from + to) / 2.0, south + BAND / 2.0) });
        }
        self.communities.push(Community { path, street: street.to_owned(), compounds });
    }

    /// 松鹤社区: 65 buildings with three entrances each, 2,380 households.
    fn build_showcase(&mut self) {
        for compound in 0..COMPOUNDS {
            let more = if compound == 0 { 40 } else { 0 };
            self.build(compound, 13 * 3 * 12 + more, 13);
        }
    }

    /// Buildings with three entrances in a compound of the first community, as many as hold these households.
    fn build(&mut self, compound: usize, households: usize, buildings: usize) {
        let parent = self.communities[0].compounds[compound].path.clone();
        let entrances = buildings * 3;
        for building in 1..=buildings {
            let path = format!("{parent}.{building}");
            self.place(&path, &format!("{building} 栋"), "BUILDING", None);
            for unit in 1..=3 {
                let number = (building - 1) * 3 + unit - 1;
                let path = format!("{path}.{unit}");
                self.place(&path, &format!("{unit} 单元"), "UNIT", None);
                // What does not divide evenly lives in the first entrances.
                let rooms = households / entrances + usize::from(number < households % entrances);
                self.rooms(&path, rooms);
            }
        }
    }

    fn rooms(&mut self, unit: &str, rooms: usize) {
        for room in 0..rooms {
            let number = (room / 2 + 1) * 100 + room % 2 + 1;
            let path = format!("{unit}.{number}");
            self.place(&path, &number.to_string(), "HOUSEHOLD", None);
            self.households.push(Household { path });
        }
    }

    fn place(&mut self, path: &str, name: &str, level: &str, area: Option<(f64, f64, f64, f64)>) {
        let ring =
            |(w, s, e, n): (f64, f64, f64, f64)| format!("{w:.6} {s:.6};{e:.6} {s:.6};{e:.6} {n:.6};{w:.6} {n:.6}");
        let boundary = area.map(ring).unwrap_or_default();
        let (path, name, level) = (path.to_owned(), name.to_owned(), level.to_owned());
        self.rows.push(PlaceRow { line: self.rows.len() + 1, path, name, level, boundary });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_land_has_the_figures_of_the_article() {
        let [south, north] = districts();
        let level = |level: &str| {
            let rows = south.rows.iter().chain(&north.rows);
            rows.filter(|row| row.level == level).count()
        };
        assert_eq!(["DISTRICT", "SUBDISTRICT", "COMMUNITY", "COMPOUND"].map(level), [2, 8, 30, 150]);
        assert_eq!(north.rows.iter().filter(|row| row.level == "BUILDING").count(), 65);
        assert_eq!(north.households.len(), 2380);
        assert!(north.rows.iter().any(|row| row.name == "松鹤社区" && row.path == "xs.sl.c1"));
        let paths: std::collections::HashSet<_> = south.rows.iter().chain(&north.rows).map(|row| &row.path).collect();
        assert_eq!(paths.len(), south.rows.len() + north.rows.len());
    }
}
