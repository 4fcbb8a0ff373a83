//! Accounts and sessions: what administrators do with those of others, and everybody with their own. A command does the same.

use std::collections::BTreeSet;

use kernel::{AgentId, Hint, QueueKind, SessionNumber, machine_now};
use sha2::{Digest, Sha256};
use tower_sessions::session::Id;

use super::{Auth, AuthFailure, By, NewAgent};
use crate::client::Client;
use crate::error::AuthError;
use crate::rules::{self, Lane, Tally, WINDOW};
use crate::session::{self, CurrentAgent};
use crate::store;
use crate::store::event::{self, NewEvent};
use crate::store::sign_in::{self as tries, Try};
use crate::store::staff::{self as accounts, Access, Account};
use crate::types::{Intention, Role, SessionEnd, SessionLine, StaffAccount, StaffEventKind};

impl Auth {
    /// Adds somebody to the staff, by a command.
    pub async fn create(&self, new: NewAgent) -> Result<AgentId, AuthFailure> {
        self.create_account(new, &By::Command).await
    }

    /// Ends somebody's access at once, by a command. Their records stay.
    pub async fn deactivate(&self, email: &str) -> Result<(), AuthFailure> {
        self.deactivate_account(self.active(email).await?, None, &By::Command).await
    }

    /// Sets a new password and signs them out everywhere, by a command.
    pub async fn reset_password(&self, email: &str, password: String) -> Result<(), AuthFailure> {
        self.reset_account(self.active(email).await?, None, password, &By::Command).await
    }

    /// Sets what somebody may do, from their next request on, by a command.
    pub async fn set_role(&self, email: &str, role: Role) -> Result<(), AuthFailure> {
        let agent = self.active(email).await?;
        self.change_account(agent, None, &By::Command, |account| Access { role, ..of(account) }).await
    }

    /// Limits somebody to these queues, from their next request on; none: to none in particular. Whoever they hold stays with them. By a
    /// command.
    pub async fn limit(&self, email: &str, queues: Option<Vec<QueueKind>>) -> Result<(), AuthFailure> {
        let queues = sorted(queues)?;
        self.change_account(self.active(email).await?, None, &By::Command, |account| Access { queues, ..of(account) }).await
    }

    /// Everybody who is or was on the staff, for administrators.
    pub(crate) async fn list_accounts(&self) -> Result<Vec<StaffAccount>, AuthFailure> {
        Ok(accounts::list_accounts(&self.pool, machine_now()).await?)
    }

    pub(crate) async fn create_account(&self, new: NewAgent, by: &By) -> Result<AgentId, AuthFailure> {
        let email = new.email.trim().to_lowercase();
        let is_email = email.len() <= 254
            && !email.contains(char::is_whitespace)
            && email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
        if !is_email {
            return Err(AuthError::InvalidEmail.into());
        }
        let name = proper_name(&new.name)?;
        let hash = self.hash(new.password).await?;
        let mut transaction = kernel::begin(&self.pool).await?;
        let created = store::insert_agent(&mut transaction, &email, &name, new.role, &hash, machine_now()).await?;
        let created = created.ok_or(AuthError::EmailTaken)?;
        let detail = Some(new.role.as_str());
        event::insert(&mut *transaction, NewEvent { detail, ..NewEvent::of(StaffEventKind::Created, created, by) }).await?;
        transaction.commit().await?;
        self.hints.send(Hint::Agent(created));
        Ok(created)
    }

    /// What an administrator has made of an account. `version` is that of what they saw.
    pub(crate) async fn change_by_admin(&self, agent: AgentId, version: i64, access: Access, by: &By) -> Result<(), AuthFailure> {
        let access = Access { name: proper_name(&access.name)?, queues: sorted(access.queues)?, ..access };
        self.change_account(agent, Some(version), by, |_| access).await
    }

    async fn change_account(
        &self,
        agent: AgentId,
        version: Option<i64>,
        by: &By,
        wanted: impl FnOnce(&Account) -> Access,
    ) -> Result<(), AuthFailure> {
        let mut transaction = kernel::begin(&self.pool).await?;
        let admins = accounts::lock_admins(&mut transaction).await?;
        let account = seen(accounts::lock(&mut transaction, agent).await?, version)?;
        if account.deactivated_at.is_some() {
            return Err(AuthError::Deactivated.into());
        }
        let (was, is) = (of(&account), wanted(&account));
        if is.role != Role::Admin {
            keep_an_admin(agent, &admins, by)?;
        }
        if is == was {
            return Ok(());
        }
        accounts::set_access(&mut transaction, agent, &is).await?;
        let changes = [
            (is.name != was.name, StaffEventKind::NameChanged, format!("{} → {}", was.name, is.name)),
            (is.role != was.role, StaffEventKind::RoleChanged, format!("{} → {}", was.role, is.role)),
            (
                is.queues != was.queues,
                StaffEventKind::QueuesChanged,
                format!("{} → {}", words(was.queues.as_deref()), words(is.queues.as_deref())),
            ),
        ];
        for (_, kind, detail) in changes.iter().filter(|(is_changed, ..)| *is_changed) {
            event::insert(&mut *transaction, NewEvent { detail: Some(detail), ..NewEvent::of(*kind, agent, by) }).await?;
        }
        transaction.commit().await?;
        self.hints.send(Hint::Agent(agent));
        Ok(())
    }

    /// Ends somebody's access at once, in every browser. Their records stay.
    pub(crate) async fn deactivate_account(&self, agent: AgentId, version: Option<i64>, by: &By) -> Result<(), AuthFailure> {
        if matches!(by, By::Agent(id, _) if *id == agent) {
            return Err(AuthError::OwnAccount.into());
        }
        let now = machine_now();
        let mut transaction = kernel::begin(&self.pool).await?;
        let admins = accounts::lock_admins(&mut transaction).await?;
        let account = seen(accounts::lock(&mut transaction, agent).await?, version)?;
        if account.deactivated_at.is_some() {
            return Err(AuthError::Deactivated.into());
        }
        keep_an_admin(agent, &admins, by)?;
        accounts::deactivate(&mut transaction, agent, now).await?;
        accounts::end_sessions(&mut transaction, agent, None, None, SessionEnd::Deactivated, now).await?;
        accounts::forget_browsers(&mut transaction, agent).await?;
        event::insert(&mut *transaction, NewEvent::of(StaffEventKind::Deactivated, agent, by)).await?;
        transaction.commit().await?;
        self.changed(agent, Intention::Offline).await;
        Ok(())
    }

    /// Lets somebody sign in again, with the password that they had.
    pub(crate) async fn reactivate_account(&self, agent: AgentId, version: i64, by: &By) -> Result<(), AuthFailure> {
        let mut transaction = kernel::begin(&self.pool).await?;
        let account = seen(accounts::lock(&mut transaction, agent).await?, Some(version))?;
        if account.deactivated_at.is_none() {
            return Ok(());
        }
        accounts::reactivate(&mut transaction, agent).await?;
        event::insert(&mut *transaction, NewEvent::of(StaffEventKind::Reactivated, agent, by)).await?;
        transaction.commit().await?;
        self.hints.send(Hint::Agent(agent));
        Ok(())
    }

    /// Sets a new password and signs them out everywhere. No browser is known for them any more.
    pub(crate) async fn reset_account(&self, agent: AgentId, version: Option<i64>, password: String, by: &By) -> Result<(), AuthFailure> {
        let hash = self.hash(password).await?;
        let mut transaction = kernel::begin(&self.pool).await?;
        let account = seen(accounts::lock(&mut transaction, agent).await?, version)?;
        if account.deactivated_at.is_some() {
            return Err(AuthError::Deactivated.into());
        }
        accounts::set_password(&mut transaction, agent, &hash).await?;
        accounts::end_sessions(&mut transaction, agent, None, None, SessionEnd::PasswordReset, machine_now()).await?;
        accounts::forget_browsers(&mut transaction, agent).await?;
        event::insert(&mut *transaction, NewEvent::of(StaffEventKind::PasswordReset, agent, by)).await?;
        transaction.commit().await?;
        self.hints.send(Hint::Agent(agent));
        Ok(())
    }

    /// Sets one's own password and ends one's sessions in all other browsers. Guessing at the old one is limited as sign-in is.
    pub(crate) async fn change_password(
        &self,
        me: &CurrentAgent,
        this: Id,
        old: String,
        new: String,
        client: Client,
    ) -> Result<(), AuthFailure> {
        let now = machine_now();
        let this = session::hash(this);
        let account_hash = Sha256::digest(me.email.as_bytes());
        let of = Try { email: &me.email, account_hash: &account_hash, network: client.network(), browser_hash: Some(&this) };
        let noted = tries::insert_failure(&self.pool, of, true, now).await?;
        let (counted, _) = tries::tally(&self.pool, of, now - WINDOW, now).await?;
        if rules::admit(Tally { is_known: true, ..counted }.without_this()).is_err() {
            tries::delete_failure(&self.pool, noted).await?;
            return Err(AuthError::TooManyFailures.into());
        }
        let found = store::find_credentials(&self.pool, &me.email).await?.ok_or(AuthError::SignedOut)?;
        let turn = self.lanes.turn(Lane::Known).await.ok_or(AuthError::Busy)?;
        if !self.verify(turn, old, found.password_hash.clone()).await? {
            return Err(AuthError::WrongPassword.into());
        }
        tries::delete_failure(&self.pool, noted).await?;
        let hash = self.hash(new).await?;
        let by = By::Agent(me.id, client);
        let mut transaction = kernel::begin(&self.pool).await?;
        let account = accounts::lock(&mut transaction, me.id).await?.ok_or(AuthError::SignedOut)?;
        // An administrator has set another one meanwhile.
        if account.password_hash != found.password_hash {
            return Err(AuthError::WrongPassword.into());
        }
        accounts::set_password(&mut transaction, me.id, &hash).await?;
        accounts::end_sessions(&mut transaction, me.id, None, Some(&this), SessionEnd::PasswordReset, now).await?;
        event::insert(&mut *transaction, NewEvent::of(StaffEventKind::PasswordChanged, me.id, &by)).await?;
        transaction.commit().await?;
        self.hints.send(Hint::Agent(me.id));
        Ok(())
    }

    /// The browsers in which somebody is signed in. `this` is the session of whoever asks.
    pub(crate) async fn list_sessions(&self, agent: AgentId, this: Option<Id>) -> Result<Vec<SessionLine>, AuthFailure> {
        let this = this.map(session::hash);
        Ok(accounts::list_sessions(&self.pool, agent, this.as_ref().map(<[u8; 32]>::as_slice), machine_now()).await?)
    }

    /// Ends a session of somebody, or all of them, but not `but`.
    pub(crate) async fn end_sessions(
        &self,
        agent: AgentId,
        only: Option<SessionNumber>,
        but: Option<Id>,
        by: &By,
    ) -> Result<(), AuthFailure> {
        let but = but.map(session::hash);
        let end = if matches!(by, By::Agent(id, _) if *id == agent) { SessionEnd::SignedOut } else { SessionEnd::Deactivated };
        let mut transaction = kernel::begin(&self.pool).await?;
        let but = but.as_ref().map(<[u8; 32]>::as_slice);
        let ended = accounts::end_sessions(&mut transaction, agent, only, but, end, machine_now()).await?;
        if ended == 0 {
            return if only.is_some() { Err(AuthError::NoSuchSession.into()) } else { Ok(()) };
        }
        let detail = if ended == 1 { "1 session".to_owned() } else { format!("{ended} sessions") };
        event::insert(&mut *transaction, NewEvent { detail: Some(&detail), ..NewEvent::of(StaffEventKind::SessionEnded, agent, by) })
            .await?;
        transaction.commit().await?;
        self.without_session(agent).await
    }

    async fn active(&self, email: &str) -> Result<AgentId, AuthFailure> {
        Ok(accounts::find_active(&self.pool, &email.trim().to_lowercase()).await?.ok_or(AuthError::NoSuchAgent)?)
    }
}

fn of(account: &Account) -> Access {
    Access { name: account.name.clone(), role: account.role, queues: account.queues.clone() }
}

/// The account, if it is still as somebody saw it.
fn seen(account: Option<Account>, version: Option<i64>) -> Result<Account, AuthError> {
    let account = account.ok_or(AuthError::UnknownAgent)?;
    if version.is_none_or(|version| version == account.version) { Ok(account) } else { Err(AuthError::ChangedMeanwhile) }
}

/// On a screen nobody can take the last administrator's access away: nobody could give it back there. A command can.
fn keep_an_admin(agent: AgentId, admins: &[AgentId], by: &By) -> Result<(), AuthError> {
    let is_last = admins == [agent];
    if is_last && !matches!(by, By::Command) { Err(AuthError::LastAdmin) } else { Ok(()) }
}

fn proper_name(name: &str) -> Result<String, AuthError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 { Err(AuthError::InvalidName) } else { Ok(name.to_owned()) }
}

fn sorted(queues: Option<Vec<QueueKind>>) -> Result<Option<Vec<QueueKind>>, AuthError> {
    let queues = queues.map(|queues| queues.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
    if queues.as_ref().is_some_and(Vec::is_empty) { Err(AuthError::NoQueues) } else { Ok(queues) }
}

fn words(queues: Option<&[QueueKind]>) -> String {
    queues.map_or_else(|| "all".to_owned(), |queues| queues.iter().map(|queue| queue.label()).collect::<Vec<_>>().join(", "))
}
