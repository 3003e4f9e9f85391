//! Where a coordinate lies: the boundaries of each district, held in memory and read again when they have changed.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chassis::geo::{self, Point};
use sqlx::PgPool;
use uuid::Uuid;

use crate::store::{self, place::Place};

/// The levels a coordinate is resolved to, lowest first: compound, community, subdistrict. Roads lie outside compounds.
const RESOLVED: [i16; 3] = [4, 3, 2];

/// The places of one district.
#[derive(Default)]
pub struct DistrictMap {
    revision: i64,
    places: HashMap<Uuid, Place>,
    /// The places with a boundary that a coordinate can be resolved to, lowest level first.
    areas: Vec<(Bounds, Uuid)>,
}

#[derive(Clone, Copy)]
struct Bounds {
    from: Point,
    to: Point,
}

impl Bounds {
    fn of(ring: &[Point]) -> Option<Self> {
        let first = *ring.first()?;
        Some(ring.iter().fold(Self { from: first, to: first }, |bounds, &(lng, lat)| Self {
            from: (bounds.from.0.min(lng), bounds.from.1.min(lat)),
            to: (bounds.to.0.max(lng), bounds.to.1.max(lat)),
        }))
    }

    fn hold(&self, (lng, lat): Point) -> bool {
        (self.from.0..=self.to.0).contains(&lng) && (self.from.1..=self.to.1).contains(&lat)
    }
}

impl DistrictMap {
    /// A map of these places.
    pub fn new(revision: i64, places: Vec<Place>) -> Self {
        let mut areas: Vec<(Bounds, Uuid)> = Vec::new();
        for level in RESOLVED {
            let of_level = places.iter().filter(|place| place.level == level);
            areas.extend(of_level.filter_map(|place| Some((Bounds::of(&place.boundary)?, place.place_id))));
        }
        Self { revision, places: places.into_iter().map(|place| (place.place_id, place)).collect(), areas }
    }

    /// The place of an id.
    pub fn place(&self, place_id: Uuid) -> Option<&Place> {
        self.places.get(&place_id)
    }

    /// The lowest place that holds a point (GCJ-02), at most a compound.
    pub fn at(&self, point: Point) -> Option<&Place> {
        let near = self.areas.iter().filter(|(bounds, _)| bounds.hold(point));
        near.filter_map(|(_, id)| self.places.get(id)).find(|place| geo::contains(&place.boundary, point))
    }

    /// Metres from a point (GCJ-02) to a place, or to the nearest place above it whose boundary is known.
    pub fn distance_m(&self, place: &Place, point: Point) -> Option<f64> {
        let mut place = Some(place);
        for _ in 0..8 {
            match place {
                Some(known) if !known.boundary.is_empty() => {
                    return Some(geo::distance_to_ring_m(&known.boundary, point));
                }
                Some(unknown) => place = unknown.parent_id.and_then(|parent| self.places.get(&parent)),
                None => return None,
            }
        }
        None
    }
}

/// The maps of the districts that were asked for.
#[derive(Default)]
pub struct Maps {
    districts: Mutex<HashMap<Uuid, Arc<DistrictMap>>>,
}

impl Maps {
    /// The map of a district, as fresh as it is in memory.
    pub async fn of(&self, pool: &PgPool, district: Uuid) -> sqlx::Result<Arc<DistrictMap>> {
        match self.held(district) {
            Some(map) => Ok(map),
            None => self.fresh(pool, district).await,
        }
    }

    /// The map of a district, read again if its places have changed.
    pub async fn fresh(&self, pool: &PgPool, district: Uuid) -> sqlx::Result<Arc<DistrictMap>> {
        // the revision is read first: a change in between only makes the next look read again
        let revision = store::place::revision(pool, district).await?;
        if let Some(map) = self.held(district).filter(|map| map.revision == revision) {
            return Ok(map);
        }
        let map = Arc::new(DistrictMap::new(revision, store::place::all(pool, district).await?));
        if revision > 0 {
            self.districts.lock().unwrap_or_else(PoisonError::into_inner).insert(district, map.clone());
        }
        Ok(map)
    }

    /// Reads again what has changed, of the districts in memory.
    pub async fn refresh(&self, pool: &PgPool) -> sqlx::Result<()> {
        let districts: Vec<Uuid> =
            self.districts.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        for district in districts {
            self.fresh(pool, district).await?;
        }
        Ok(())
    }

    fn held(&self, district: Uuid) -> Option<Arc<DistrictMap>> {
        self.districts.lock().unwrap_or_else(PoisonError::into_inner).get(&district).cloned()
    }
}

#[cfg(test)]
mod tests {
    use sqlx::types::Json;

    use super::*;

    fn square(id: u128, parent: u128, level: i16, from: f64, to: f64) -> Place {
        let ring = if from < to { vec![(from, from), (to, from), (to, to), (from, to)] } else { vec![] };
        let (place_id, parent_id) = (Uuid::from_u128(id), Some(Uuid::from_u128(parent)));
        Place { place_id, parent_id, level, path: format!("p{id}"), boundary: Json(ring) }
    }

    #[test]
    fn a_point_lies_in_the_lowest_place_that_holds_it() {
        let map = DistrictMap::new(
            1,
            vec![
                square(2, 1, 2, 0.0, 1.0),
                square(3, 2, 3, 0.0, 0.5),
                square(4, 3, 4, 0.1, 0.2),
                square(5, 4, 5, 0.12, 0.15),
            ],
        );
        let level_at = |at: f64| map.at((at, at)).map(|place| place.level);
        assert_eq!([0.13, 0.3, 0.9, 1.1].map(level_at), [Some(4), Some(3), Some(2), None]);
    }

    #[test]
    fn a_building_without_a_boundary_is_as_far_as_its_compound() {
        let map = DistrictMap::new(1, vec![square(4, 3, 4, 0.1, 0.2), square(5, 4, 5, 0.0, 0.0)]);
        let building = map.place(Uuid::from_u128(5)).unwrap();
        assert_eq!(map.distance_m(building, (0.15, 0.15)), Some(0.0));
        assert!(map.distance_m(building, (0.21, 0.15)).unwrap() > 1000.0);
    }
}
