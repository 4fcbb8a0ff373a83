#![doc = include_str!("../README.md")]

mod api;
mod error;
mod types;

#[cfg(feature = "ssr")]
mod client;
#[cfg(feature = "ssr")]
mod presence;
#[cfg(feature = "ssr")]
mod rules;
#[cfg(feature = "ssr")]
mod service;
#[cfg(feature = "ssr")]
mod session;
#[cfg(feature = "ssr")]
mod store;

pub use api::{
    accounts, agents, change_password, change_staff, create_staff, day, deactivate_staff, end_other_sessions, end_session, end_sessions_of,
    events, here, me, my_events, reactivate_staff, reset_password, sessions, sessions_of, set_presence, sign_in, sign_out,
};
pub use error::AuthError;
pub use types::{
    AgentDay, AgentPresence, Engagement, Intention, InvalidRole, Me, Presence, Role, SessionEnd, SessionLine, SessionView, StaffAccount,
    StaffEvent, StaffEventKind, StaffEventPage, StateTime, Stretch,
};

#[cfg(feature = "ssr")]
pub use client::{Client, Entrance, InvalidProxies, TrustedProxies, know_client};
#[cfg(feature = "ssr")]
pub use service::{Auth, AuthFailure, Leaving, NewAgent, StaffMember};
#[cfg(feature = "ssr")]
pub use session::{CurrentAgent, SessionStore, agent_of, current_agent, require, session_layer};
