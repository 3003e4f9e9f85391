//! The order in which it comes to be: places and departments, who works there, what the other services know of it,
//! and then everything that does not depend on each other side by side.
use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use chassis::{
    cache::Cache,
    clock::{Clock, business_date},
    config::Loaded,
    consumer::Consumer,
    feed::{Source, Waker},
    keys::Keyring,
    media::MediaIds,
    vault::Vault,
};
use chrono::{DateTime, TimeDelta, Utc};
use incentives::{Incentives, PrizeRow, VoucherRow};
use rand::{Rng, SeedableRng, rngs::StdRng};
use residents::import::{self, DepartmentRow, Target};
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{
    SEED, Summary,
    cast::{self, Cast, Figures, Phones},
    funds, groups,
    land::{self, District},
    names,
    players::{Ids, admin, first_courier, offices, players},
    reports::{Stage, Told, tell},
    rewards,
    story::{self, Counts},
};

/// Writes the whole demo.
pub async fn everything(pool: &PgPool, loaded: &Loaded, now: DateTime<Utc>) -> Result<Summary> {
    let settings = &loaded.settings;
    let vault = residents::vault(&settings.keys_dir)?;
    let cache = Cache::new(&settings.redis_url)?;
    let media_dir =
        settings.media_url.strip_prefix("file://").context("demo photos need a folder: media_url = file://…")?;
    let media_dir = PathBuf::from(media_dir);
    let stage = Stage::set(pool.clone(), &settings.keys_dir, &media_dir, loaded.role()?)?;
    let (mut random, mut phones) =
        (StdRng::seed_from_u64(SEED), Phones::new(business_date(now - TimeDelta::days(200))));
    let [south, north] = land::districts();
    let mut towns = Vec::new();
    for (land, figures, residents) in
        [(south, Figures { couriers: 83, workers: 166 }, 72), (north, Figures { couriers: 40, workers: 80 }, 6000)]
    {
        let district_id = found(pool, &land, now).await?;
        let staff = cast::staff(&land, &figures, &mut random, &mut phones);
        let residents = cast::residents(&land, residents, &mut random, &mut phones);
        towns.push(Town { district_id, land, staff, residents });
    }
    let clock = Clock::stopped(now);
    let target = |town: &Town| Target { pool, vault: &vault, clock: &clock, district_id: town.district_id };
    for town in &towns {
        town.import_places_and_staff(&target(town)).await?;
    }
    hear(pool, &cache, &vault, &settings.keys_dir).await?;
    groups::make(pool, &vault, &settings.keys_dir, loaded.role()?).await?;
    let mut stories = Vec::new();
    for (town, counts) in towns.iter().zip(COUNTS) {
        stories.extend(town.stories(&target(town), &counts, now, &mut random).await?);
    }
    stories.sort_by_key(|told| told.story.acts[0].0);
    let tickets = stories.len();
    let people = async {
        for town in &towns {
            town.import_residents(&target(town)).await?;
        }
        Ok(())
    };
    let money = async {
        for town in &towns {
            let ids = Ids::of(&target(town), &town.staff).await?;
            let offices = offices(&target(town), &town.land, &town.staff, &ids).await?;
            funds::record(pool, &cache, &settings.keys_dir, &offices, now).await?;
            town.import_prizes(&target(town)).await?;
            let admin = admin(target(town).district_id, &town.staff, &ids)?;
            let finance = rewards::offer(pool, &cache, &settings.keys_dir, &admin).await?;
            let best = first_courier(target(town).district_id, &town.staff, &ids)?;
            rewards::award(&finance, &best, now).await?;
        }
        Ok(())
    };
    tokio::try_join!(tell(&stage, stories), people, money)?;
    Ok(summary(&towns, tickets))
}

/// How long the other services may take to hear of places and staff.
const PATIENCE: Duration = Duration::from_secs(30);

/// Of 工农区 and of 兴山区.
const COUNTS: [Counts; 2] = [
    Counts {
        claimed: 8,
        dispatched: 9,
        in_progress: 15,
        overdue: 2,
        coordination: 3,
        feedback: 5,
        closed: 200,
        late: 5,
    },
    Counts {
        claimed: 6,
        dispatched: 6,
        in_progress: 8,
        overdue: 1,
        coordination: 2,
        feedback: 4,
        closed: 137,
        late: 3,
    },
];

/// A district with everybody in it.
struct Town {
    district_id: Uuid,
    land: District,
    staff: Cast,
    residents: Cast,
}

impl Town {
    async fn import_places_and_staff(&self, target: &Target<'_>) -> Result<()> {
        let department =
            |(code, name): (&str, &str)| DepartmentRow { line: 0, code: code.to_owned(), name: name.to_owned() };
        good(import::departments(target, &names::DEPARTMENTS.map(department)).await?)?;
        good(import::places(target, &self.land.rows).await?)?;
        good(import::people(target, &self.staff.people).await?)?;
        good(import::posts(target, &self.staff.posts).await?)
    }

    async fn import_residents(&self, target: &Target<'_>) -> Result<()> {
        good(import::people(target, &self.residents.people).await?)?;
        good(import::posts(target, &self.residents.posts).await?)
    }

    /// Prizes are handed over in the first community of the district; breakfasts are codes of a shop there.
    async fn import_prizes(&self, target: &Target<'_>) -> Result<()> {
        let prizes = [
            ("毛巾", "30", "200"),
            ("早餐券", "40", ""),
            ("防滑手套", "60", "80"),
            ("护膝", "60", "40"),
            ("大米 5 kg", "120", "60"),
            ("食用油", "150", "30"),
            ("充电宝", "260", "1"),
        ];
        let prize = |(name, points, stock): (&str, &str, &str)| PrizeRow {
            name: name.to_owned(),
            points: points.to_owned(),
            stock: stock.to_owned(),
            pickup_place_path: self.land.communities[0].path.clone(),
            kind: if stock.is_empty() { "VOUCHER".to_owned() } else { String::new() },
            ..PrizeRow::default()
        };
        let wrong = incentives::ops::import_prizes(target.pool, self.district_id, &prizes.map(prize)).await?;
        ensure!(wrong.is_empty(), "{wrong:?}");
        let voucher = |number| VoucherRow {
            name: "早餐券".to_owned(),
            pickup_place_path: self.land.communities[0].path.clone(),
            code: format!("ZC-{}-{number:04}", self.land.code.to_uppercase()),
            ..VoucherRow::default()
        };
        let (vault, clock, vouchers) = (target.vault, target.clock, (1..=50).map(voucher).collect::<Vec<_>>());
        let wrong = incentives::ops::import_vouchers(target.pool, vault, clock, self.district_id, &vouchers).await?;
        ensure!(wrong.is_empty(), "{wrong:?}");
        Ok(())
    }

    /// The district's stories with those who play them. The first courier has eight closed reports, which make 80 points.
    async fn stories(
        &self,
        target: &Target<'_>,
        counts: &Counts,
        now: DateTime<Utc>,
        random: &mut StdRng,
    ) -> Result<Vec<Told>> {
        let ids = Ids::of(target, &self.staff).await?;
        let players = Arc::new(players(self.district_id, self.land.clone(), &self.staff, &ids)?);
        let (mut told, mut of_first) = (Vec::new(), 0);
        for mut story in story::plan(counts, now, random) {
            let first = of_first < 8 && story.stage == story::Stage::Closed;
            of_first += usize::from(first);
            let reporter = if first { 0 } else { random.random_range(1..players.reporters.len()) };
            if matches!(story.stage, story::Stage::Waiting(_)) {
                // What waits, waits in the first street, before the eyes of its liaison.
                story.dice[0] = 0;
            }
            told.push(Told { players: players.clone(), story, reporter });
        }
        Ok(told)
    }
}

fn good(errors: Vec<import::RowError>) -> Result<()> {
    ensure!(errors.is_empty(), "{:?}", errors[0]);
    Ok(())
}

async fn found(pool: &PgPool, land: &District, now: DateTime<Utc>) -> Result<Uuid> {
    let district = residents::District {
        district_id: Uuid::now_v7(),
        code: land.code.to_owned(),
        name: land.name.to_owned(),
        root_place_id: Uuid::now_v7(),
    };
    let mut connection = pool.acquire().await?;
    residents::store::district::add(&mut connection, &district, now).await?;
    Ok(district.district_id)
}

/// Lets the other services hear what there is so far.
async fn hear(pool: &PgPool, cache: &Cache, vault: &Vault, keys_dir: &std::path::Path) -> Result<()> {
    let residents = || Source::local(pool.clone(), "residents");
    let waker = |name| Waker::start(cache.clone(), name);
    let media = MediaIds::new(Keyring::load_or_create(keys_dir, "media")?);
    let incentives =
        Incentives::new(pool.clone(), Clock::System, vault.clone(), media.clone(), cache.clone(), waker("incentives"));
    let finance = finance::Finance::new(pool.clone(), Clock::System, media, vault.clone(), waker("finance"));
    let [_, to_incentives, to_members] = incentives.consumers(Source::local(pool.clone(), "tickets"), residents());
    let (to_tickets, [to_finance, _]) = (
        tickets::residents_consumer(pool, residents()),
        finance.consumers(residents(), Source::local(pool.clone(), "incentives")),
    );
    let told = residents::store::installation::told(pool).await?;
    let posts = tickets::posts_consumer(pool, residents());
    let each = [to_incentives, to_members, to_tickets, posts, to_finance]
        .map(|consumer| tokio::spawn(hear_all(consumer, told)));
    for heard in each {
        timeout(PATIENCE, heard).await.context("the services do not hear each other")???;
    }
    Ok(())
}

/// An event is held back while an earlier transaction of the server is open, be it only a housekeeper's.
async fn hear_all(consumer: Consumer, told: i64) -> Result<()> {
    let mut heard = 0;
    loop {
        heard += i64::try_from(consumer.catch_up().await?)?;
        if heard >= told {
            return Ok(());
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn summary(towns: &[Town], tickets: usize) -> Summary {
    let count = |level: &str| {
        let rows = towns.iter().flat_map(|town| &town.land.rows);
        rows.filter(|row| row.level == level).count()
    };
    Summary {
        districts: count("DISTRICT"),
        streets: count("SUBDISTRICT"),
        communities: count("COMMUNITY"),
        compounds: count("COMPOUND"),
        residents: towns.iter().map(|town| town.residents.people.len()).sum(),
        tickets,
    }
}
