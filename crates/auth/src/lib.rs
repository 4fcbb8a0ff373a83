#![doc = include_str!("../README.md")]

mod api;
mod error;
mod types;

#[cfg(feature = "ssr")]
mod presence;
#[cfg(feature = "ssr")]
mod service;
#[cfg(feature = "ssr")]
mod session;
#[cfg(feature = "ssr")]
mod store;

pub use api::{agents, day, limit, me, set_presence, sign_in, sign_out, staff};
pub use error::AuthError;
pub use types::{
    AgentDay, AgentPresence, Engagement, Intention, InvalidRole, Me, Presence, Role, SessionEnd, SessionView, StaffView, StateTime, Stretch,
};

#[cfg(feature = "ssr")]
pub use service::{Auth, AuthFailure, Leaving, NewAgent, StaffMember};
#[cfg(feature = "ssr")]
pub use session::{CurrentAgent, SessionStore, agent_of, current_agent, require, session_layer};
