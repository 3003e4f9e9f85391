//! A person the sandbox lets anybody sign in as.
use chassis::geo::Point;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct SandboxPerson {
    pub person_id: Uuid,
    pub name: String,
    pub role: String,
    pub phone: String,
    pub department_id: Option<Uuid>,
    pub place_id: Uuid,
    pub place_name: String,
    pub district_id: Uuid,
    pub district_name: String,
    /// GCJ-02, inside their area; none where no boundary is known.
    pub location: Option<Point>,
}
