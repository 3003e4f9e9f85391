//! What is heard from the other services.
use std::{collections::HashMap, sync::Arc, time::Duration};

use chassis::{
    clock::Clock,
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

use crate::{
    rewards,
    store::projection::{Told, keep_departments, keep_people, keep_places, keep_posts},
};

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

/// Long enough for the words of a month to share their statements, short enough for nobody to notice.
const GATHER: Duration = Duration::from_millis(200);

/// Tells members which points they will lose soon.
pub fn points_consumer(pool: &PgPool, clock: &Clock, source: Source) -> Consumer {
    let clock = clock.clone();
    let effect = Effect::Within(Arc::new(move |connection, events| {
        let now = clock.now();
        Box::pin(async move { rewards::tell_of_points(connection, events, now).await })
    }));
    rewards_consumer(pool, "incentives", source, effect)
}

/// Tells members what becomes of their payouts.
pub fn payouts_consumer(pool: &PgPool, clock: &Clock, source: Source) -> Consumer {
    let clock = clock.clone();
    let effect = Effect::Within(Arc::new(move |connection, events| {
        let now = clock.now();
        Box::pin(async move { rewards::tell_of_payouts(connection, events, now).await })
    }));
    rewards_consumer(pool, "finance", source, effect)
}

fn rewards_consumer(pool: &PgPool, producer: &'static str, source: Source, effect: Effect) -> Consumer {
    Consumer { pool: pool.clone(), schema: crate::NAME, producer, purpose: "", source, effect, gather: GATHER }
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
