//! People as their tokens describe them; what an RPC lets them reach comes from its own option.
use chassis::{
    access::{Caller, admit},
    token::{ClaimedPost, Claims},
};
use proto::api::v1::post::Role;
use tonic::Request;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Person {
    pub id: Uuid,
    pub district: Uuid,
    pub posts: Vec<ClaimedPost>,
}

impl Person {
    pub fn new(district: Uuid, role: Role, path: &str, department: Option<Uuid>) -> Self {
        let level = i32::try_from(path.split('.').count()).unwrap();
        let post = ClaimedPost { r: role.into(), p: path.into(), l: level, d: department };
        Self { id: Uuid::now_v7(), district, posts: vec![post] }
    }

    pub fn courier(district: Uuid) -> Self {
        Self::new(district, Role::Courier, "gn", None)
    }

    pub fn liaison(district: Uuid, path: &str) -> Self {
        Self::new(district, Role::Liaison, path, None)
    }

    pub fn handler(district: Uuid, department: Uuid) -> Self {
        Self::new(district, Role::DepartmentHandler, "gn", Some(department))
    }

    pub fn coordinator(district: Uuid) -> Self {
        Self::new(district, Role::Coordinator, "gn", None)
    }

    pub fn worker(district: Uuid) -> Self {
        Self::new(district, Role::CommunityWorker, "gn.xy.sh", None)
    }

    /// A request of this person that passed the access layer.
    pub fn asks<M>(&self, method: &str, message: M) -> Request<M> {
        self.asks_of("TicketService", method, message)
    }

    /// Whether the access layer lets this person call it at all.
    pub fn may(&self, method: &str) -> bool {
        self.admitted("TicketService", method).is_some()
    }

    /// The same of another service.
    pub fn asks_of<M>(&self, service: &str, method: &str, message: M) -> Request<M> {
        let caller = self.admitted(service, method).expect("the role may call this");
        let mut request = Request::new(message);
        request.extensions_mut().insert(caller);
        request
    }

    fn admitted(&self, service: &str, method: &str) -> Option<Caller> {
        let (posts, iat, exp) = (self.posts.clone(), 0, i64::MAX);
        let claims = Claims { sub: self.id, did: self.district, sid: Uuid::now_v7(), posts, iat, exp };
        let method = &proto::methods()[&format!("/hemei.tickets.v1.{service}/{method}")];
        admit(method.access.as_ref().unwrap(), &claims)
    }
}
