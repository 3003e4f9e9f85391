//! What the service does, one operation a file.
pub mod appoint;
pub mod end_post;
pub mod get_me;
pub mod list_departments;
pub mod list_places;
pub mod list_sandbox_people;
pub mod locate_place;
pub mod refresh;
pub mod request_code;
pub mod set_up;
pub mod sign_in;
pub mod sign_out;
