//! How likely two reports are of the same matter: near in place and time, of one class of categories, perhaps with the same picture.
use chassis::geo::{self, Point};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::category::{TO_BE_CLASSIFIED, family};

/// The same picture counts this far, in metres, whatever the category says.
pub const PHOTO_METRES: f64 = 500.0;

/// An open ticket that may be it.
#[derive(Clone, Debug)]
pub struct Near {
    pub ticket_id: Uuid,
    pub number: String,
    pub state: String,
    pub category_code: String,
    pub place_path: String,
    pub place_name: Option<String>,
    pub gcj_lng: Option<f64>,
    pub gcj_lat: Option<f64>,
    pub received_at: DateTime<Utc>,
    pub co_reports: i32,
    pub same_photo: bool,
}

/// The report it is compared with.
#[derive(Clone, Debug)]
pub struct Asked {
    /// None: a new one.
    pub ticket_id: Option<Uuid>,
    pub category_code: String,
    pub point: Option<Point>,
    /// Empty where there is none.
    pub place_path: String,
    pub media_ids: Vec<Uuid>,
    pub metres: f64,
    pub since: DateTime<Utc>,
}

/// A ticket that may be it, how likely from 0 to 100, and why.
#[derive(Clone, Debug)]
pub struct Similar {
    pub near: Near,
    pub distance_m: Option<i32>,
    pub score: i32,
    pub why: String,
}

/// The likeliest, first.
pub fn likeliest(asked: &Asked, near: Vec<Near>, most: usize) -> Vec<Similar> {
    let mut similar: Vec<Similar> = near.into_iter().filter_map(|near| weigh(asked, near)).collect();
    similar.sort_by_key(|one| (std::cmp::Reverse((one.score, one.near.received_at)), one.near.ticket_id));
    similar.truncate(most);
    similar
}

fn weigh(asked: &Asked, near: Near) -> Option<Similar> {
    let any = asked.category_code == TO_BE_CLASSIFIED || near.category_code == TO_BE_CLASSIFIED;
    let related = any || family(&near.category_code) == family(&asked.category_code);
    let theirs = near.gcj_lng.zip(near.gcj_lat);
    let distance = asked.point.zip(theirs).map(|(ours, theirs)| geo::distance_m(ours, theirs));
    let within = distance.map_or(near.place_path == asked.place_path, |distance| distance <= asked.metres);
    let by_photo = near.same_photo && distance.is_none_or(|distance| distance <= PHOTO_METRES);
    if !(related && within || by_photo) {
        return None;
    }
    let mut why = Vec::new();
    let mut score = 0;
    if near.category_code == asked.category_code {
        score += 30;
        why.push("同一类别".to_owned());
    } else if related {
        score += 15;
    }
    match distance {
        Some(distance) => {
            score += (30.0 * (1.0 - (distance / asked.metres.max(1.0)).min(1.0))).round() as i32;
            why.push(format!("相距 {} 米", distance.round()));
        }
        None => {
            score += 15;
            why.push("同一地点".to_owned());
        }
    }
    if near.same_photo {
        score += 40;
        why.push("照片相同或相近".to_owned());
    }
    let distance_m = distance.map(|distance| distance.round() as i32);
    Some(Similar { near, distance_m, score: score.min(100), why: why.join("；") })
}

/// The bands of latitude and the stretch of longitude within so many metres of a point.
pub fn around((lng, lat): Point, metres: f64) -> (Vec<i32>, f64, f64) {
    const METRES_A_DEGREE: f64 = 111_320.0;
    let high = metres / METRES_A_DEGREE;
    let wide = high / lat.to_radians().cos().max(0.1);
    let band = |lat: f64| (lat * 1000.0).floor() as i32;
    ((band(lat - high)..=band(lat + high)).collect(), lng - wide, lng + wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Point = (130.235, 47.335);

    fn near(category_code: &str, metres_east: f64, same_photo: bool) -> Near {
        let degree = 111_320.0 * HERE.1.to_radians().cos();
        Near {
            ticket_id: Uuid::now_v7(),
            number: String::new(),
            state: "POOL".into(),
            category_code: category_code.into(),
            place_path: "gn.xy.sh.03".into(),
            place_name: None,
            gcj_lng: Some(HERE.0 + metres_east / degree),
            gcj_lat: Some(HERE.1),
            received_at: DateTime::UNIX_EPOCH,
            co_reports: 0,
            same_photo,
        }
    }

    fn asked() -> Asked {
        Asked {
            ticket_id: None,
            category_code: "06013".into(),
            point: Some(HERE),
            place_path: "gn.xy.sh.03".into(),
            media_ids: vec![],
            metres: 50.0,
            since: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_nearest_of_the_same_category_is_likeliest_and_another_class_is_none() {
        let list = vec![
            near("06010", 10.0, false),
            near("06013", 20.0, false),
            near("06013", 60.0, false),
            near("09006", 0.0, false),
            near("09006", 200.0, true),
            near("09006", 900.0, true),
        ];
        let found = likeliest(&asked(), list, 10);
        let told: Vec<_> = found.iter().map(|one| (one.near.category_code.as_str(), one.distance_m.unwrap())).collect();
        assert_eq!(told, [("06013", 20), ("09006", 200), ("06010", 10)], "{found:?}");
        assert!(found[0].why.contains("同一类别") && found[1].why.contains("照片"), "{found:?}");
    }

    #[test]
    fn a_circle_lies_within_its_bands() {
        let (bands, west, east) = around(HERE, 150.0);
        assert_eq!(bands, [47_333, 47_334, 47_335, 47_336]);
        let width = geo::distance_m((west, HERE.1), (east, HERE.1));
        assert!((299.0..302.0).contains(&width), "{width}");
    }
}
