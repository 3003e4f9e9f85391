use chassis::geo::{self, Point};
use uuid::Uuid;

use crate::{Residents, error::Error, map::Located, place::in_china};

/// The system a coordinate is given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crs {
    Wgs84,
    Gcj02,
}

/// Where a coordinate lies in the district.
pub async fn locate_place(residents: &Residents, district_id: Uuid, point: Point, crs: Crs) -> Result<Located, Error> {
    if !in_china(point.0, point.1) {
        let lng = (72.004..=137.8347).contains(&point.0);
        return Err(match lng {
            true => Error::field("lat", "must be from 0.8293 to 55.8271"),
            false => Error::field("lng", "must be from 72.004 to 137.8347"),
        });
    }
    let point = if crs == Crs::Wgs84 { geo::wgs84_to_gcj02(point) } else { point };
    let map = residents.map(district_id).await?;
    map.locate(point).ok_or(Error::OutsideDistrict)
}
