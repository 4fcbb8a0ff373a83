//! The pieces that pages are made of.

pub(crate) mod agents_table;
pub(crate) mod badge;
pub(crate) mod bottom_bar;
pub(crate) mod card;
pub(crate) mod check_list;
pub(crate) mod claims;
pub(crate) mod empty;
pub(crate) mod error_strip;
pub(crate) mod icon;
pub(crate) mod key_button;
pub(crate) mod logo;
pub(crate) mod menu;
pub(crate) mod passed_over;
pub(crate) mod person;
pub(crate) mod queue_choice;
pub(crate) mod rail;
pub(crate) mod saved_list;
pub(crate) mod server_light;
pub(crate) mod skeleton;
pub(crate) mod skip_dialog;
pub(crate) mod theme_button;
pub(crate) mod tile;
pub(crate) mod timeline;
pub(crate) mod toast;
pub(crate) mod top_bar;
pub(crate) mod why;
