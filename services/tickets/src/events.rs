//! What is heard from the residents service.
use std::{collections::HashMap, sync::Arc};

use chassis::{
    consumer::{Consumer, Effect, payload},
    faults::Fault,
    feed::Source,
};
use proto::{
    api::v1::post::Level,
    events::v1::Event,
    residents::v1::{DepartmentChanged, PersonChanged, PlaceChanged, PostChanged},
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::store::projection::{Told, keep_departments, keep_people, keep_places, keep_posts};

/// Keeps the projections of places, people and departments.
pub fn residents_consumer(pool: &PgPool, source: Source) -> Consumer {
    let effect = Effect::Within(Arc::new(|connection, events| Box::pin(keep(connection, events))));
    Consumer {
        pool: pool.clone(),
        schema: crate::NAME,
        producer: "residents",
        purpose: "",
        source,
        effect,
        gather: std::time::Duration::ZERO,
    }
}

/// Keeps the projection of posts; a subscription of its own, so that an installation older than the projection fills it.
pub fn posts_consumer(pool: &PgPool, source: Source) -> Consumer {
    let effect = Effect::Within(Arc::new(|connection, events| {
        Box::pin(async move {
            let posts = last::<PostChanged>(events, |post| &post.post_id)?;
            if !posts.is_empty() {
                keep_posts(connection, &posts).await?;
            }
            Ok(())
        })
    }));
    Consumer {
        pool: pool.clone(),
        schema: crate::NAME,
        producer: "residents",
        purpose: ".posts",
        source,
        effect,
        gather: std::time::Duration::ZERO,
    }
}

async fn keep(connection: &mut PgConnection, events: &[Event]) -> Result<(), Fault> {
    let mut places = last::<PlaceChanged>(events, |place| &place.place_id)?;
    places.retain(|(.., place)| (Level::District as i32..=Level::Building as i32).contains(&place.level));
    if !places.is_empty() {
        keep_places(connection, &places).await?;
    }
    let people = last::<PersonChanged>(events, |person| &person.person_id)?;
    if !people.is_empty() {
        keep_people(connection, &people).await?;
    }
    let departments = last::<DepartmentChanged>(events, |department| &department.department_id)?;
    if !departments.is_empty() {
        keep_departments(connection, &departments).await?;
    }
    Ok(())
}

/// The last word on every subject of one type.
fn last<M: prost::Message + prost::Name + Default>(
    events: &[Event],
    id: impl Fn(&M) -> &String,
) -> Result<Vec<Told<M>>, Fault> {
    let mut last = HashMap::new();
    for event in events {
        if let Some(told) = payload::<M>(event)? {
            let district: Uuid = event.district_id.parse().map_err(Fault::internal)?;
            let about: Uuid = id(&told).parse().map_err(Fault::internal)?;
            last.insert((district, about), told);
        }
    }
    Ok(last.into_iter().map(|((district, about), told)| (district, about, told)).collect())
}
