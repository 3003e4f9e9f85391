//! The place tree.
use chassis::geo::{self, Point};
use uuid::Uuid;

/// The name of every level on the wire and among people, from the district down.
pub const LEVELS: [(&str, &str); 7] = [
    ("DISTRICT", "区"),
    ("SUBDISTRICT", "街道"),
    ("COMMUNITY", "社区"),
    ("COMPOUND", "小区"),
    ("BUILDING", "楼栋"),
    ("UNIT", "单元"),
    ("HOUSEHOLD", "户"),
];
pub const COMPOUND: i16 = 4;

/// A place as lists show it.
#[derive(Clone, Debug)]
pub struct Place {
    pub place_id: Uuid,
    pub parent_id: Option<Uuid>,
    pub level: i16,
    pub path: String,
    pub name: String,
    pub full_name: String,
    pub center_lng: Option<f64>,
    pub center_lat: Option<f64>,
}

/// A place with its ring.
#[derive(Clone, Debug)]
pub struct Bounded {
    pub place: Place,
    pub ring: Vec<Point>,
}

/// Reads a level by either name.
pub fn level(name: &str) -> Option<i16> {
    let name = name.trim();
    let index = LEVELS.iter().position(|(wire, people)| wire.eq_ignore_ascii_case(name) || *people == name)?;
    i16::try_from(index + 1).ok()
}

/// Reads "lng lat;lng lat;…" in GCJ-02; an empty text is no boundary. The error says what is wrong, in Chinese and English.
pub fn ring(text: &str) -> Result<Option<Vec<Point>>, (String, String)> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let mut ring = Vec::new();
    for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
        let mut numbers = pair.split_whitespace().map(str::parse::<f64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(lng)), Some(Ok(lat)), None) if in_china(lng, lat) => ring.push((lng, lat)),
            _ => {
                let zh = format!("“{pair}”不是“经度 纬度”（72.004–137.8347，0.8293–55.8271）");
                return Err((zh, format!("\"{pair}\" is not \"lng lat\" within 72.004-137.8347, 0.8293-55.8271")));
            }
        }
    }
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    if ring.len() < 3 {
        return Err(("边界至少要有 3 个点".to_owned(), "a boundary needs at least 3 points".to_owned()));
    }
    Ok(Some(ring))
}

/// Whether GCJ-02 is defined there.
pub fn in_china(lng: f64, lat: f64) -> bool {
    (72.004..=137.8347).contains(&lng) && (0.8293..=55.8271).contains(&lat)
}

/// A point inside a ring: its centre, or, where that lies outside, the middle of the ring's first third that lies inside.
pub fn inner_point(ring: &[Point]) -> Option<Point> {
    let centre = geo::centroid(ring)?;
    if geo::contains(ring, centre) {
        return Some(centre);
    }
    let corners = ring.windows(3).map(|c| ((c[0].0 + c[1].0 + c[2].0) / 3.0, (c[0].1 + c[1].1 + c[2].1) / 3.0));
    corners.clone().find(|point| geo::contains(ring, *point)).or_else(|| ring.first().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_read_or_what_is_wrong_is_said() {
        assert_eq!(ring(" ").unwrap(), None);
        assert_eq!(ring("130 47;130.1 47; 130.1 47.1;130 47").unwrap().unwrap().len(), 3);
        assert!(ring("130 47;130.1 47").unwrap_err().1.contains("3 points"));
        assert!(ring("130 47;130.1;130.1 47.1").unwrap_err().1.contains("\"130.1\""));
        assert!(ring("47 130;47 131;48 130").is_err());
        assert!(ring("130 NaN;130.1 47;130.1 47.1").is_err());
    }

    #[test]
    fn the_inner_point_of_a_horseshoe_lies_in_it() {
        let horseshoe =
            [(0.0, 0.0), (3.0, 0.0), (3.0, 3.0), (2.0, 3.0), (2.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0)];
        let point = inner_point(&horseshoe).unwrap();
        assert!(geo::contains(&horseshoe, point), "{point:?}");
    }
}
