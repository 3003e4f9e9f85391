use std::collections::HashMap;

use chassis::{faults::Fault, geo::Point};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{CHUNK, RowError, Target, begin, checked_name, note};
use crate::{
    ops::set_up::is_code,
    place::{self, LEVELS},
    store::{self, place::Columns},
};

/// `path,name,level,boundary`
#[derive(Clone, Debug)]
pub struct PlaceRow {
    pub line: usize,
    pub path: String,
    pub name: String,
    pub level: String,
    pub boundary: String,
}

/// Known places by path: their id and level.
type Known = HashMap<String, (Uuid, i16)>;

struct Good {
    place_id: Uuid,
    parent_id: Option<Uuid>,
    level: i16,
    path: String,
    name: String,
    ring: Option<Vec<Point>>,
}

/// Adds places below their parents, in the table or there already; renames known ones and takes a new boundary.
pub async fn places(target: &Target<'_>, rows: &[PlaceRow]) -> Result<Vec<RowError>, Fault> {
    let mut connection = target.pool.acquire().await?;
    let mut known = known(&mut connection, target.district_id, rows).await?;
    drop(connection);
    let mut order: Vec<&PlaceRow> = rows.iter().collect();
    order.sort_by_key(|row| row.path.matches('.').count());
    let (mut errors, mut good, mut seen) = (Vec::new(), Vec::new(), HashMap::new());
    for row in order {
        match check(row, &known) {
            Ok(place) => {
                known.entry(place.path.clone()).or_insert((place.place_id, place.level));
                // A row given twice counts as its last.
                match seen.insert(place.path.clone(), good.len()) {
                    Some(earlier) => good[earlier] = place,
                    None => good.push(place),
                }
            }
            Err(error) => errors.push(error),
        }
    }
    for chunk in good.chunks(CHUNK) {
        put(target, chunk).await?;
    }
    errors.sort_by_key(|error| error.line);
    Ok(errors)
}

async fn known(connection: &mut PgConnection, district_id: Uuid, rows: &[PlaceRow]) -> Result<Known, Fault> {
    let own = rows.iter().map(|row| row.path.trim());
    let parents = own.clone().filter_map(|path| path.rsplit_once('.').map(|(parent, _)| parent));
    let mut paths: Vec<String> = own.chain(parents).filter(|path| !path.contains('\0')).map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    let known = store::place::by_paths(connection, district_id, &paths).await?;
    Ok(known.into_iter().map(|(path, place_id, level)| (path, (place_id, level))).collect())
}

fn check(row: &PlaceRow, known: &Known) -> Result<Good, RowError> {
    let wrong = |field, zh: String, en: String| Err(RowError::new(row.line, field, zh, en));
    let path = row.path.trim();
    if !path.split('.').all(is_code) {
        let zh = "路径须为以点相连的代码，每段 1 到 12 位 a-z、0-9，如 gn.xy.sh";
        return wrong(
            "path",
            zh.into(),
            "the path must be codes of 1 to 12 a-z and 0-9 joined by dots, like gn.xy.sh".into(),
        );
    }
    let name = checked_name(row.line, &row.name)?;
    let Some(level) = place::level(&row.level) else {
        let (wire, people): (Vec<_>, Vec<_>) = LEVELS.iter().copied().unzip();
        return wrong(
            "level",
            format!("级别须为 {}", people.join("、")),
            format!("the level must be one of {}", wire.join(", ")),
        );
    };
    let ring = place::ring(&row.boundary).map_err(|(zh, en)| RowError::new(row.line, "boundary", zh, en))?;
    let parent = path.rsplit_once('.').and_then(|(parent, _)| known.get(parent));
    let here = known.get(path);
    if let Some((_, there)) = here.filter(|(_, there)| *there != level) {
        let (wire, people) = LEVELS[usize::try_from(there - 1).unwrap_or(0)];
        return wrong("level", format!("该地点已登记为{people}"), format!("this place is known as {wire}"));
    }
    match parent {
        None if level == 1 && here.is_some() => {}
        None => {
            let zh = "没有上级地点：须先有上一级，或写在同一表中；首段须为本区代码";
            return wrong(
                "path",
                zh.into(),
                "no place above it: it must exist or be in this table, under the district's code".into(),
            );
        }
        Some((_, above)) if *above >= level => {
            return wrong(
                "level",
                "级别须低于上级地点".into(),
                "the level must be below that of the place above".into(),
            );
        }
        Some(_) => {}
    }
    let place_id = here.map_or_else(Uuid::now_v7, |(place_id, _)| *place_id);
    Ok(Good { place_id, parent_id: parent.map(|(parent_id, _)| *parent_id), level, path: path.to_owned(), name, ring })
}

async fn put(target: &Target<'_>, places: &[Good]) -> Result<(), Fault> {
    let now = target.clock.now();
    let mut transaction = begin(target).await?;
    let mut renamed = 0;
    for level in 1..=7 {
        let mut columns = Columns::default();
        for place in places.iter().filter(|place| place.level == level) {
            let center = place.ring.as_deref().and_then(place::inner_point);
            columns.ids.push(place.place_id);
            columns.parents.push(place.parent_id);
            columns.paths.push(place.path.clone());
            columns.names.push(place.name.clone());
            columns.boundaries.push(place.ring.as_ref().map(|ring| json!(ring)));
            columns.lngs.push(center.map(|point| point.0));
            columns.lats.push(center.map(|point| point.1));
        }
        if !columns.ids.is_empty() {
            renamed += store::place::put_all(&mut transaction, target.district_id, level, &columns, now).await?;
        }
    }
    if renamed > 0 {
        for level in 3..=7 {
            store::place::rename_below(&mut transaction, target.district_id, level, now).await?;
        }
    }
    store::district::map_changed(&mut transaction, target.district_id).await?;
    note(&mut transaction, target.district_id, "import_places", places.len(), now).await?;
    transaction.commit().await?;
    Ok(())
}
