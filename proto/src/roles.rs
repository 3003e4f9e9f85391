//! What people call the roles: the one place where their Chinese names stand.
use crate::api::v1::post::Role;

/// Every role with its Chinese name, in the order of the story.
pub const NAMES: [(Role, &str); 10] = [
    (Role::Courier, "快递员"),
    (Role::Resident, "居民"),
    (Role::HomeObserver, "家园观察员"),
    (Role::CommunityWorker, "社区工作者"),
    (Role::Liaison, "街道联络员"),
    (Role::DepartmentHandler, "部门办理人员"),
    (Role::Coordinator, "区营商局协调员"),
    (Role::PropertyManager, "物业经理"),
    (Role::DistrictAdmin, "区管理员"),
    (Role::Auditor, "审计员"),
];

/// The Chinese name of a role; empty where none is said.
pub fn name(role: Role) -> &'static str {
    NAMES.iter().find(|(own, _)| *own == role).map_or("", |(_, name)| name)
}

/// The Chinese name of a role by its code: "liaison".
pub fn name_of(code: &str) -> &'static str {
    NAMES.iter().find(|(own, _)| own.as_str_name() == code).map_or("", |(_, name)| name)
}
