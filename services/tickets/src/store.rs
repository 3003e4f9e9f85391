//! Every statement of this service, one file a noun. The long ones are SQL files beside the code that calls them.
pub mod calendar_day;
pub mod category;
pub mod change;
pub mod duty;
pub mod event;
pub mod figure;
pub mod notice;
pub mod place;
pub mod precedent;
pub mod projection;
pub mod queue;
pub mod report;
pub mod similar;
pub mod staff_list;
pub mod sweep;
pub mod terms;
pub mod ticket;
