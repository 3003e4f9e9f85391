use std::collections::{HashMap, HashSet};

use chassis::faults::Fault;
use uuid::Uuid;

use super::{CHUNK, RowError, Target, begin, checked_name, note};
use crate::{
    phone::Phone,
    store::{
        self,
        person::{Columns, PHONE},
    },
};

/// `phone,name`
#[derive(Clone, Debug)]
pub struct PersonRow {
    pub line: usize,
    pub phone: String,
    pub name: String,
}

/// Makes people known in the district. Who is known on the platform already keeps their name.
pub async fn people(target: &Target<'_>, rows: &[PersonRow]) -> Result<Vec<RowError>, Fault> {
    let (mut errors, mut seen) = (Vec::new(), HashMap::new());
    let mut good = Vec::new();
    for row in rows {
        match check(row, &mut seen) {
            Ok(Some(person)) => good.push(person),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    for chunk in good.chunks(CHUNK) {
        put(target, chunk).await?;
    }
    Ok(errors)
}

/// None for a row that repeats an earlier one.
fn check(row: &PersonRow, seen: &mut HashMap<Phone, String>) -> Result<Option<(Phone, String)>, RowError> {
    let phone = phone(row.line, &row.phone)?;
    let name = checked_name(row.line, &row.name)?;
    match seen.insert(phone.clone(), name.clone()) {
        Some(earlier) if earlier != name => {
            let (zh, en) =
                (format!("同一手机号前面写的是“{earlier}”"), format!("an earlier row calls this phone {earlier}"));
            Err(RowError::new(row.line, "name", zh, en))
        }
        Some(_) => Ok(None),
        None => Ok(Some((phone, name))),
    }
}

/// Reads the column `phone`.
pub(super) fn phone(line: usize, text: &str) -> Result<Phone, RowError> {
    let (zh, en) = ("手机号须为以 1 开头的 11 位数字", "the phone must be 11 digits beginning with 1");
    Phone::parse(text).map_err(|_| RowError::new(line, "phone", zh, en))
}

async fn put(target: &Target<'_>, people: &[(Phone, String)]) -> Result<(), Fault> {
    let now = target.clock.now();
    let blinds: Vec<_> = people.iter().map(|(phone, _)| target.vault.blinds(PHONE, phone.digits())).collect();
    let mut transaction = begin(target).await?;
    let known = store::person::by_blinds(&mut transaction, &blinds.concat()).await?;
    let known: HashSet<Vec<u8>> = known.into_iter().map(|(blind, _)| blind).collect();
    let is_new = |blinds: &[Vec<u8>]| !blinds.iter().any(|blind| known.contains(blind));
    let mut new: Vec<_> = people.iter().zip(&blinds).filter(|(_, blinds)| is_new(blinds)).collect();
    // Everybody adds in the same order, so that two districts never wait for each other.
    new.sort_by_key(|(_, blinds)| &blinds[0]);
    let mut columns = Columns::default();
    for ((phone, name), blinds) in new {
        columns.ids.push(Uuid::now_v7());
        columns.names.push(name.clone());
        columns.sealed.push(target.vault.seal(PHONE, phone.digits()));
        columns.blinds.push(blinds[0].clone());
    }
    store::person::add_all(&mut transaction, &columns, now).await?;
    let persons = store::person::by_blinds(&mut transaction, &blinds.concat()).await?;
    let persons: Vec<Uuid> = persons.into_iter().map(|(_, person_id)| person_id).collect();
    store::person::join_district(&mut transaction, target.district_id, &persons, now).await?;
    note(&mut transaction, target.district_id, "import_people", people.len(), now).await?;
    transaction.commit().await?;
    Ok(())
}
