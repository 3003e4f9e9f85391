use chassis::faults::Fault;

use crate::{Residents, error::Error, sandbox_person::SandboxPerson, store};

/// People of every role and district to sign in as, with their phones. Only in a sandbox, where nobody is real.
pub async fn list_sandbox_people(residents: &Residents, per_role: i32) -> Result<Vec<SandboxPerson>, Error> {
    if !residents.sandbox {
        return Err(Error::SandboxOff);
    }
    let per_role = match per_role {
        0 => 20,
        1..=1000 => i64::from(per_role),
        _ => return Err(Error::field("per_role", "must be from 1 to 1000, or 0 for 20")),
    };
    let rows = store::sandbox::people(&residents.pool, per_role, residents.clock.today()).await?;
    let open = |row: store::sandbox::Row| {
        let phone = residents.vault.open(store::person::PHONE, &row.phone_sealed).map_err(Fault::from)?;
        Ok(SandboxPerson {
            person_id: row.person_id,
            name: row.name,
            role: row.role,
            phone,
            department_id: row.department_id,
            place_id: row.place_id,
            place_name: row.place_name,
            district_id: row.district_id,
            district_name: row.district_name,
            location: row.lng.zip(row.lat),
        })
    };
    rows.into_iter().map(open).collect()
}
