use std::collections::{HashMap, HashSet};

use chassis::faults::Fault;
use chrono::NaiveDate;
use proto::api::v1::post::Role;
use uuid::Uuid;

use super::{CHUNK, RowError, Target, begin, note, people::phone};
use crate::{
    phone::Phone,
    post::{self, misplaced},
    store::{self, person::PHONE, post::Columns},
};

/// `phone,role,place_path,department_code,from_date,until_date`
#[derive(Clone, Debug, Default)]
pub struct PostRow {
    pub line: usize,
    pub phone: String,
    pub role: String,
    pub place_path: String,
    pub department_code: String,
    /// Empty: today.
    pub from_date: String,
    /// Empty: until further notice.
    pub until_date: String,
}

/// What rows refer to.
struct Known {
    people: HashMap<Phone, Uuid>,
    /// With their levels.
    places: HashMap<String, (Uuid, i16)>,
    departments: HashMap<String, Uuid>,
}

#[derive(Clone)]
struct Good {
    person_id: Uuid,
    role: Role,
    place_id: Uuid,
    department_id: Option<Uuid>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
}

/// Gives people posts; a post that a person holds already (same role, place, department, first day) is left as it is.
pub async fn posts(target: &Target<'_>, rows: &[PostRow]) -> Result<Vec<RowError>, Fault> {
    let known = known(target, rows).await?;
    let today = target.clock.today();
    let (mut errors, mut good) = (Vec::new(), Vec::new());
    for row in rows {
        match check(row, &known, today) {
            Ok(post) => good.push(post),
            Err(error) => errors.push(error),
        }
    }
    for chunk in good.chunks(CHUNK) {
        put(target, chunk, today).await?;
    }
    Ok(errors)
}

async fn known(target: &Target<'_>, rows: &[PostRow]) -> Result<Known, Fault> {
    let mut connection = target.pool.acquire().await?;
    let phones: HashSet<Phone> = rows.iter().filter_map(|row| Phone::parse(&row.phone).ok()).collect();
    let mut of_blind = HashMap::new();
    for phone in &phones {
        of_blind.extend(target.vault.blinds(PHONE, phone.digits()).into_iter().map(|blind| (blind, phone)));
    }
    let blinds: Vec<Vec<u8>> = of_blind.keys().cloned().collect();
    let people = store::person::by_blinds(&mut connection, &blinds).await?.into_iter();
    let people = people.filter_map(|(blind, person_id)| Some(((*of_blind.get(&blind)?).clone(), person_id))).collect();
    let paths: HashSet<&str> =
        rows.iter().map(|row| row.place_path.trim()).filter(|path| !path.contains('\0')).collect();
    let paths: Vec<String> = paths.into_iter().map(str::to_owned).collect();
    let places = store::place::by_paths(&mut connection, target.district_id, &paths).await?.into_iter();
    let departments = store::department::all(&mut connection, target.district_id).await?.into_iter();
    Ok(Known {
        people,
        places: places.map(|(path, place_id, level)| (path, (place_id, level))).collect(),
        departments: departments.map(|department| (department.code, department.department_id)).collect(),
    })
}

fn check(row: &PostRow, known: &Known, today: NaiveDate) -> Result<Good, RowError> {
    let wrong = |field, zh: &str, en: &str| RowError::new(row.line, field, zh, en);
    let phone = phone(row.line, &row.phone)?;
    let person_id = known.people.get(&phone);
    let person_id =
        person_id.ok_or_else(|| wrong("phone", "手机号未登记，请先导入人员", "unknown phone: import people first"))?;
    let role = post::role(row.role.trim()).ok_or_else(|| {
        let roles: Vec<_> = (1..=10).filter_map(|n| Role::try_from(n).ok()).map(|role| role.as_str_name()).collect();
        wrong(
            "role",
            &format!("角色须为 {}", roles.join("、")),
            &format!("the role must be one of {}", roles.join(", ")),
        )
    })?;
    let (place_id, level) = *known
        .places
        .get(row.place_path.trim())
        .ok_or_else(|| wrong("place_path", "本区没有这个地点，请先导入地点", "no such place: import places first"))?;
    if let Some((levels, people)) = misplaced(role, level) {
        let (zh, name) = (format!("该角色的地点须为{}", people.join("、")), role.as_str_name());
        let en = format!("the place of a {name} must be a {}", levels.join(" or "));
        return Err(wrong("place_path", &zh, &en));
    }
    let code = row.department_code.trim();
    let department_id = known.departments.get(code).copied();
    if !code.is_empty() && department_id.is_none() {
        return Err(wrong(
            "department_code",
            "本区没有这个部门，请先导入部门",
            "no such department: import departments first",
        ));
    }
    if (role == Role::DepartmentHandler) != department_id.is_some() {
        let en = "department_handler needs a department, no other role has one";
        return Err(wrong("department_code", "department_handler 须填部门代码，其他角色不填", en));
    }
    let from = date(row.line, "from_date", &row.from_date)?;
    let until = date(row.line, "until_date", &row.until_date)?;
    if until.is_some_and(|until| until < from.unwrap_or(today)) {
        return Err(wrong("until_date", "止期不能早于起期", "until_date must not be before from_date"));
    }
    Ok(Good { person_id: *person_id, role, place_id, department_id, from, until })
}

fn date(line: usize, field: &'static str, text: &str) -> Result<Option<NaiveDate>, RowError> {
    let text = text.trim();
    let zh = "日期须写作 2026-11-23，在 2000 到 2199 年之间";
    let en = "the date must be written 2026-11-23 and be of the years 2000 to 2199";
    if text.is_empty() {
        Ok(None)
    } else {
        post::date(text).map(Some).ok_or_else(|| RowError::new(line, field, zh, en))
    }
}

async fn put(target: &Target<'_>, posts: &[Good], today: NaiveDate) -> Result<(), Fault> {
    let (now, district_id) = (target.clock.now(), target.district_id);
    let persons: HashSet<Uuid> = posts.iter().map(|post| post.person_id).collect();
    let persons: Vec<Uuid> = persons.into_iter().collect();
    let mut transaction = begin(target).await?;
    let open = store::post::open_of(&mut transaction, district_id, &persons).await?;
    let mut held: HashMap<_, HashSet<NaiveDate>> = HashMap::new();
    for (person_id, role, place_id, department_id, from) in open {
        held.entry((person_id, role, place_id, department_id)).or_default().insert(from);
    }
    let mut columns = Columns::default();
    for post in posts {
        let days = held
            .entry((post.person_id, post.role.as_str_name().to_owned(), post.place_id, post.department_id))
            .or_default();
        let from = post.from.unwrap_or(today);
        // Without a first day any post of this kind counts as the same: the same table may come again tomorrow.
        if days.contains(&from) || (post.from.is_none() && !days.is_empty()) {
            continue;
        }
        days.insert(from);
        columns.ids.push(Uuid::now_v7());
        columns.persons.push(post.person_id);
        columns.roles.push(post.role.as_str_name().to_owned());
        columns.places.push(post.place_id);
        columns.departments.push(post.department_id);
        columns.from.push(from);
        columns.until.push(post.until);
        columns.hashes.push(None);
    }
    store::person::join_district(&mut transaction, district_id, &persons, now).await?;
    store::post::add_all(&mut transaction, district_id, &columns, now).await?;
    note(&mut transaction, district_id, "import_posts", posts.len(), now).await?;
    transaction.commit().await?;
    Ok(())
}
