//! The lists of categories: what a fresh database has, and what operators bring in while everything runs.
use std::{collections::BTreeSet, path::Path, sync::Arc};

use proto::{
    api::v1::post::{Level, Role},
    tickets::v1::{
        Category, ListCategoriesRequest, PutCategoryRequest, category_service_server::CategoryService, ticket::Priority,
    },
};
use sqlx::PgPool;
use tickets::{
    ops::{CATEGORY_COLUMNS, CLASS_COLUMNS, FileRow, Imported, import_categories, import_classes},
    rpc::categories::CategoryRpc,
};
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, people::Person};

const SUITE: Uuid = Uuid::nil();

/// A file that ships as an example, as the rows of an import.
fn example(name: &str, (needed, others): (&'static [&'static str], &'static [&'static str])) -> Vec<FileRow> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let columns: Vec<&'static str> = [needed, others].concat();
    let place = |name: &&'static str| header.iter().position(|column| column == *name).map(|at| (*name, at));
    let columns: Vec<_> = columns.iter().filter_map(place).collect();
    let row = |(at, record): (usize, csv::StringRecord)| FileRow {
        line: at + 2,
        values: columns.iter().map(|(name, at)| (*name, record[*at].to_owned())).collect(),
    };
    reader.records().map(Result::unwrap).enumerate().map(row).collect()
}

fn categories() -> Vec<FileRow> {
    example("categories.csv", CATEGORY_COLUMNS)
}

/// The rows with another value in one of them.
fn with(mut rows: Vec<FileRow>, code: &str, column: &'static str, value: &str) -> Vec<FileRow> {
    let row = rows.iter_mut().find(|row| row.values["category_code"] == code).unwrap();
    row.values.insert(column, value.to_owned());
    rows
}

async fn import(world: &World, district: Uuid, rows: &[FileRow]) -> Imported {
    import_categories(&world.pool, district, rows, world.clock.now()).await.unwrap()
}

fn done(written: usize, same: usize) -> Imported {
    Imported { written, same, wrong: Vec::new() }
}

/// The hours and the version of a category, as a person of a district is offered it.
async fn offered(world: &World, district: Uuid, code: &str) -> Option<(i32, i64)> {
    let person = Person::courier(district);
    let ask = person.asks_of("CategoryService", "ListCategories", ListCategoriesRequest::default());
    let list = answer(CategoryRpc(world.replicas[1].0.clone()).list_categories(ask).await).unwrap().categories;
    let found: Option<Category> = list.into_iter().find(|one| one.category_code == code);
    found.map(|one| (one.resolve_hours, one.version.into()))
}

async fn count(pool: &PgPool, table: &str) -> i64 {
    let statement = format!("select count(*) from tickets.{table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn the_example_files_say_what_a_fresh_database_has_and_a_phone_shows_at_most_twelve_tiles() {
    let world = World::new().await;
    let (list, classes) = (categories(), example("classes.csv", CLASS_COLUMNS));
    assert_eq!(import(&world, SUITE, &list).await, done(0, list.len()));
    let again = import_classes(&world.pool, SUITE, &classes, world.clock.now()).await.unwrap();
    assert_eq!(again, done(0, classes.len()));
    assert_eq!(world.count("category").await, i64::try_from(list.len()).unwrap());
    assert_eq!(world.count("category_class").await, i64::try_from(classes.len()).unwrap());
    assert_eq!(world.count("category_version where version = 0 and district_id = changed_by").await, list.len() as i64);
    assert_eq!(world.count("audit").await, 0, "nothing was changed");
    let all = |column: &str| list.iter().map(|row| row.values[column].clone()).collect::<BTreeSet<String>>();
    assert!(list.len() >= 60 && all("category_code").contains("99999") && all("tile").len() <= 13, "12 and none");
    let named: BTreeSet<String> = classes.iter().map(|row| row.values["class"].clone()).collect();
    assert!(all("category_code").iter().all(|code| named.contains(&code[..2])), "a class without a name");
    assert!(!all("source").contains("") && !all("department_code").contains(""));
}

#[tokio::test]
async fn what_operators_change_holds_within_a_second_as_the_next_version_and_what_is_missing_stays() {
    let world = World::new().await;
    world.service().refresh_terms().await.unwrap();
    let longer = with(categories(), NEEDS_NO_PHOTO, "resolve_hours", "37");
    let new = with(categories(), NEEDS_NO_PHOTO, "category_code", "09999").into_iter();
    let few: Vec<_> = new.filter(|row| row.values["category_code"] == "09999").collect();
    assert_eq!(import(&world, SUITE, &longer).await, done(1, longer.len() - 1));
    assert_eq!(import(&world, SUITE, &longer).await, done(0, longer.len()), "the same again");
    assert_eq!(import(&world, SUITE, &few).await, done(1, 0));
    // as every replica looks each second
    world.service().refresh_terms().await.unwrap();
    let known = world.service().categories.known(world.gongnong, NEEDS_NO_PHOTO).unwrap();
    assert_eq!((known.resolve_hours, known.version), (37, 1));
    assert!(world.service().categories.known(world.xingshan, "09999").is_some());
    let versions = format!("category_version where category_code = '{NEEDS_NO_PHOTO}' and resolve_hours in (24, 37)");
    assert_eq!(world.count(&versions).await, 2, "the old one is kept");
    let logged = "audit where act = 'PUT_CATEGORY' and actor_role = 'operator' and detail = '{\"version\": 1}'";
    assert_eq!((world.count(logged).await, world.count("audit").await), (2, 2));
    // a replica of the build before brings its own list when it starts
    let before = "insert into tickets.category (district_id, category_code, name, english_name, level, priority, resolve_hours, after_photo,
            department_code, tile, source)
        select district_id, category_code, name, english_name, level, priority, 24, after_photo, department_code, tile, source from tickets.category
        on conflict on constraint category_key do update set resolve_hours = excluded.resolve_hours";
    sqlx::query(before).execute(&world.pool).await.unwrap();
    assert_eq!(offered(&world, world.gongnong, NEEDS_NO_PHOTO).await, Some((37, 1)));
}

#[tokio::test]
async fn a_districts_list_wins_over_the_suites_and_moves_no_other_district() {
    let world = World::new().await;
    let ours = with(categories(), NEEDS_NO_PHOTO, "resolve_hours", "7");
    let ours: Vec<_> = ours.into_iter().filter(|row| row.values["category_code"] == NEEDS_NO_PHOTO).collect();
    let wrong = import(&world, world.gongnong, &ours).await.wrong;
    assert_eq!((wrong.len(), wrong[0].field), (1, "department_code"), "the suite's codes are not this district's");
    let ours = with(ours, NEEDS_NO_PHOTO, "department_code", "住建局");
    assert_eq!(import(&world, world.gongnong, &ours).await, done(1, 0));
    assert_eq!(import(&world, SUITE, &with(categories(), NEEDS_NO_PHOTO, "resolve_hours", "9")).await.written, 1);
    assert_eq!(offered(&world, world.gongnong, NEEDS_NO_PHOTO).await, Some((7, 1)));
    assert_eq!(offered(&world, world.xingshan, NEEDS_NO_PHOTO).await, Some((9, 1)));
    let class = |name: &str| {
        let values = [("class", "09"), ("name", name), ("source", "")].map(|(column, text)| (column, text.to_owned()));
        vec![FileRow { line: 2, values: values.into() }]
    };
    let named = import_classes(&world.pool, world.gongnong, &class("夜市"), world.clock.now()).await.unwrap();
    assert_eq!(named, done(1, 0));
    world.service().categories.refresh(&world.pool).await.unwrap();
    let categories = &world.service().categories;
    assert_eq!([world.gongnong, world.xingshan].map(|of| categories.class_name(of, "09")), ["夜市", "街面秩序"]);
    let retired = with(ours, NEEDS_NO_PHOTO, "retired", "true");
    assert_eq!(import(&world, world.gongnong, &retired).await.written, 1);
    assert_eq!(offered(&world, world.gongnong, NEEDS_NO_PHOTO).await, None);
}

#[tokio::test]
async fn a_list_with_a_wrong_line_is_refused_whole_and_each_wrong_line_is_named() {
    let world = World::new().await;
    for (column, value) in [
        ("category_code", "0 9"),
        ("category_code", "01002"),
        ("name", ""),
        ("level", "5"),
        ("priority", "-1"),
        ("resolve_hours", "两天"),
        ("clock", "MOON"),
        ("after_photo", "maybe"),
        ("duplicate_metres", "0"),
        ("retired", "perhaps"),
    ] {
        let longer = with(categories(), "01003", "resolve_hours", "99");
        let found = import(&world, SUITE, &with(longer, NEEDS_NO_PHOTO, column, value)).await;
        let wrong = &found.wrong[0];
        let line = categories().iter().position(|row| row.values["category_code"] == NEEDS_NO_PHOTO).unwrap() + 2;
        let names = [wrong.zh.contains(value), wrong.en.contains(value), wrong.en.contains("must")];
        assert_eq!((found.written, wrong.field, names), (0, column, [true; 3]), "{wrong:?}");
        assert_eq!(wrong.line, line, "{wrong:?}");
    }
    let thirteenth = import(&world, SUITE, &with(categories(), "01003", "tile", "新图标")).await;
    assert_eq!(thirteenth.wrong[0].field, "tile");
    let stays = import(&world, SUITE, &with(categories(), "99999", "retired", "true")).await;
    assert_eq!(stays.wrong[0].field, "retired");
    let class =
        FileRow { line: 2, values: [("class", "9"), ("name", "x"), ("source", "")].map(|(c, t)| (c, t.into())).into() };
    let wrong = import_classes(&world.pool, SUITE, &[class], world.clock.now()).await.unwrap().wrong;
    assert_eq!(wrong[0].field, "class");
    assert_eq!((count(&world.pool, "audit").await, count(&world.pool, "category where version > 0").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_imports_and_edits_at_once_each_is_kept_whole_and_every_version_once() {
    let world = Arc::new(World::new().await);
    let racing = (40..48).map(|hours: i32| {
        let world = world.clone();
        tokio::spawn(async move {
            if hours % 2 == 0 {
                let ours = with(categories(), NEEDS_NO_PHOTO, "resolve_hours", &hours.to_string());
                import_categories(&world.pool, SUITE, &ours, world.clock.now()).await.is_ok()
            } else {
                let wanted = PutCategoryRequest {
                    category_code: NEEDS_NO_PHOTO.into(),
                    name: "占道经营".into(),
                    level: Level::Subdistrict.into(),
                    priority: Priority::P2.into(),
                    resolve_hours: hours,
                    clock: "NATURAL".into(),
                    department_code: "住建局".into(),
                    ..Default::default()
                };
                let admin = Person::new(world.gongnong, Role::DistrictAdmin, "gn", None);
                let ask = admin.asks_of("CategoryService", "PutCategory", wanted);
                CategoryRpc(world.replicas[0].0.clone()).put_category(ask).await.is_ok()
            }
        })
    });
    let mut kept = 0;
    for done in racing.collect::<Vec<_>>() {
        kept += i64::from(done.await.unwrap());
    }
    let versions =
        world.count(&format!("category_version where category_code = '{NEEDS_NO_PHOTO}' and version > 0")).await;
    assert!(kept > 0 && versions == kept, "{versions} versions of {kept} edits");
    assert_eq!(world.count("audit where act = 'PUT_CATEGORY'").await, kept);
}
