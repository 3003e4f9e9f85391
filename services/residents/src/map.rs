//! The boundaries of one district, kept in memory: which places hold a point, and which compounds are near.
use std::sync::{Arc, PoisonError};

use chassis::geo::{self, Point};
use uuid::Uuid;

use crate::{
    Residents,
    error::Error,
    place::{Bounded, COMPOUND, Place},
    store,
};

/// One district's boundaries as of a version.
pub struct Map {
    version: i64,
    places: Vec<Bounded>,
}

/// Where a point lies.
#[derive(Clone, Debug)]
pub struct Located {
    /// All places that hold it, lowest first.
    pub holders: Vec<Place>,
    /// The five nearest compounds with the metres to their edge.
    pub nearest: Vec<(Place, f64)>,
}

impl Map {
    /// Where a GCJ-02 point lies; none outside the district.
    pub fn locate(&self, point: Point) -> Option<Located> {
        let holding = self.places.iter().filter(|bounded| geo::contains(&bounded.ring, point));
        let mut holders: Vec<Place> = holding.map(|bounded| bounded.place.clone()).collect();
        holders.sort_by_key(|place| std::cmp::Reverse(place.level));
        if holders.is_empty() {
            return None;
        }
        let compounds = self.places.iter().filter(|bounded| bounded.place.level == COMPOUND);
        let mut near: Vec<_> = compounds.map(|one| (&one.place, geo::distance_to_ring_m(&one.ring, point))).collect();
        near.sort_by(|left, right| left.1.total_cmp(&right.1));
        let nearest = near.into_iter().take(5).map(|(place, metres)| (place.clone(), metres)).collect();
        Some(Located { holders, nearest })
    }
}

impl Residents {
    /// The current boundaries of a district: read again only after one of them changed.
    pub(crate) async fn map(&self, district_id: Uuid) -> Result<Arc<Map>, Error> {
        let version = store::district::map_version(&self.pool, district_id).await?.ok_or(Error::OutsideDistrict)?;
        let known = self.maps.lock().unwrap_or_else(PoisonError::into_inner).get(&district_id).cloned();
        if let Some(map) = known.filter(|map| map.version == version) {
            return Ok(map);
        }
        // The version was read first: a change in between is seen at the next look.
        let places = store::place::bounded(&self.pool, district_id).await?;
        let map = Arc::new(Map { version, places });
        self.maps.lock().unwrap_or_else(PoisonError::into_inner).insert(district_id, map.clone());
        Ok(map)
    }
}
