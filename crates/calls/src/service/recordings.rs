//! Recordings: told of by the carrier, fetched from it by their ids, kept in our own store, and played through us.

use std::ops::Range;
use std::sync::Arc;

use auth::{CurrentAgent, Role};
use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::BoxStream;
use kernel::{AgentId, CallId, display_time, machine_now};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use twilio::{CallSid, RecordingSid, RecordingStatus, RecordingStatusEvent};

use super::{Calls, CallsFailure};
use crate::error::CallsError;
use crate::store::{self, DueRecording, RecordingRow, Stored};
use crate::types::MissingRecording;

/// A recording that is being fetched is left alone by others for so long; longer than fetching takes.
const CLAIM: TimeDelta = TimeDelta::minutes(6);
/// After a failure the next try: so long, doubled with each, at most an hour.
const RETRY: TimeDelta = TimeDelta::seconds(5);
const LONGEST_RETRY: TimeDelta = TimeDelta::hours(1);
/// The carrier is asked about a talk's recording of which nothing was heard so long after the talk, for as long as the talk is listed.
const UNHEARD: TimeDelta = TimeDelta::minutes(2);
/// A talk without a recording is listed for so long.
const LISTED: TimeDelta = TimeDelta::days(7);
/// What is written to the store at once, in bytes: the smallest part that S3 takes.
const PART: usize = 5 * 1024 * 1024;
/// What every WAV file begins with.
const WAV: &[u8] = b"RIFF";

/// Where recordings are kept: a folder of this machine, or a bucket of an S3-compatible store.
#[derive(Clone, Debug)]
pub struct RecordingStore {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl RecordingStore {
    /// `file:///var/lib/dialler/recordings` or `s3://bucket/folder`; `options` are those of the store, such as `aws_access_key_id`. Connects to
    /// nothing yet.
    pub fn open(url: &url::Url, options: impl IntoIterator<Item = (String, String)>) -> Result<Self, object_store::Error> {
        let (store, prefix) = object_store::parse_url_opts(url, options)?;
        Ok(Self { store: Arc::from(store), prefix })
    }

    /// Deletes what is there; nothing there is as well.
    pub(super) async fn forget(&self, path: &str) -> Result<(), object_store::Error> {
        match self.store.delete(&Path::parse(path)?).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => done,
        }
    }

    fn path(&self, call: CallId, sid: &str, started_at: DateTime<Utc>) -> Path {
        let day = started_at.format("%Y/%m/%d").to_string();
        day.split('/').fold(self.prefix.clone(), Path::join).join(format!("{call}-{sid}.wav"))
    }
}

/// Whether somebody may hear the recordings of this agent's calls: their own, or all for supervisors (rules, Roles).
pub(super) fn may_listen(who: &CurrentAgent, owner: AgentId) -> bool {
    owner == who.id || who.role >= Role::Supervisor
}

/// Why a recording was not stored.
#[derive(Debug, thiserror::Error)]
enum NotStored {
    #[error("the carrier does not have it yet")]
    NotThere,
    #[error("what the carrier sent is no sound")]
    NoSound,
    #[error("the carrier did not send it")]
    Carrier(#[from] twilio::RestError),
    #[error("the store did not take it")]
    Store(#[from] object_store::Error),
    #[error("the store did not take all of it")]
    Writing(#[from] std::io::Error),
    #[error("its id is none of the carrier's")]
    Sid(#[from] twilio::InvalidSid),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl Calls {
    /// Whether the sound is said to be where the carrier keeps it. It is asked for by its id all the same (lessons, line 41).
    pub(crate) fn is_from_the_carrier(&self, event: &RecordingStatusEvent) -> bool {
        let (Some(url), Some(sid), Ok(telephone)) = (&event.recording_url, &event.recording_sid, self.telephone()) else { return true };
        let Ok(url) = url::Url::parse(url) else { return false };
        let is_emulated = telephone.local_carrier.as_ref().is_some_and(|carrier| carrier.split('/').next() == Some(url.authority()));
        (is_emulated || telephone.client.is_of_the_carrier(&url)) && url.path().ends_with(&format!("/Recordings/{sid}"))
    }

    /// The carrier says how a recording stands. A recording of a leg that is none of this call's is nobody's (lessons, line 15).
    pub(crate) async fn recording_event(&self, call: CallId, event: &RecordingStatusEvent) -> Result<(), CallsFailure> {
        let (Some(sid), Some(leg), Some(status)) = (&event.recording_sid, &event.call_sid, &event.recording_status) else { return Ok(()) };
        let legs = store::list_legs(&self.shared.pool, call).await?;
        if !legs.iter().any(|known| known.sid == leg.as_str()) {
            tracing::warn!(call.id = %call, leg.sid = %leg, recording.sid = %sid, "a recording of a leg that is not this call's was ignored");
            return Ok(());
        }
        self.note_recording(call, sid, status, event.recording_duration_seconds).await
    }

    pub(super) async fn note_recording(
        &self,
        call: CallId,
        sid: &RecordingSid,
        status: &RecordingStatus,
        seconds: Option<u32>,
    ) -> Result<(), CallsFailure> {
        if matches!(status, RecordingStatus::Other(_)) {
            return Ok(());
        }
        let seconds = seconds.and_then(|seconds| i32::try_from(seconds).ok());
        let mut conn = self.shared.pool.acquire().await?;
        store::note_recording(&mut conn, call, sid.as_str(), status.as_str(), seconds, self.shared.queue.now(), machine_now()).await?;
        Ok(())
    }

    /// Fetches what the carrier has recorded, and keeps it.
    pub async fn fetch_recordings(&self) -> Result<(), CallsFailure> {
        if self.shared.telephone.is_none() {
            return Ok(());
        }
        let due = store::claim_recordings(&self.shared.pool, machine_now(), machine_now() + CLAIM).await?;
        futures::future::join_all(due.iter().map(|due| async move {
            let Err(error) = self.fetch_recording(due).await else { return Ok(()) };
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(
                call.id = %due.call, recording.sid = due.sid, error.message = %error, error.cause = cause,
                "a recording could not be stored; it is fetched again"
            );
            let wait = (RETRY * 2_i32.saturating_pow((due.failures - 1).clamp(0, 20).unsigned_abs())).min(LONGEST_RETRY);
            store::set_recording_failed(&self.shared.pool, &due.sid, machine_now() + wait).await
        }))
        .await
        .into_iter()
        .collect::<Result<(), sqlx::Error>>()?;
        Ok(())
    }

    async fn fetch_recording(&self, due: &DueRecording) -> Result<(), NotStored> {
        let Ok(telephone) = self.telephone() else { return Ok(()) };
        let sid: RecordingSid = due.sid.parse()?;
        let mut sound = telephone.client.recording_sound(&sid).await?.ok_or(NotStored::NotThere)?;
        // Of what is still to come: it shrinks as it is read.
        let length = sound.length();
        let keep = &self.shared.recordings;
        let path = keep.path(due.call, &due.sid, due.started_at);
        let mut writer = BufWriter::with_capacity(keep.store.clone(), path.clone(), PART).with_max_concurrency(1);
        let (mut hash, mut size, mut beginning) = (Sha256::new(), 0_u64, Vec::<u8>::new());
        while let Some(bytes) = sound.next().await? {
            if beginning.len() < WAV.len() {
                beginning.extend(bytes.iter().take(WAV.len() - beginning.len()));
            }
            hash.update(&bytes);
            size += bytes.len() as u64;
            writer.put(bytes).await?;
        }
        if beginning != WAV || length.is_some_and(|length| length != size) {
            // Dropped, what was written so far is never seen.
            return Err(NotStored::NoSound);
        }
        writer.shutdown().await?;
        let stored = Stored { path: path.as_ref(), size_bytes: i64::try_from(size).unwrap_or(i64::MAX), sha256: &hash.finalize() };
        store::set_recording_stored(&self.shared.pool, &due.sid, &stored, self.shared.queue.now()).await?;
        tracing::info!(call.id = %due.call, recording.sid = due.sid, recording.bytes = size, "a recording was stored");
        Ok(())
    }

    /// Asks the carrier for the recordings of talks of which nothing was heard: an event may be lost.
    pub async fn ask_about_recordings(&self) -> Result<(), CallsFailure> {
        let Ok(telephone) = self.telephone() else { return Ok(()) };
        let now = self.shared.queue.now();
        for (call, leg) in store::list_unheard_recordings(&self.shared.pool, now - LISTED, now - UNHEARD).await? {
            let Ok(leg) = leg.parse::<CallSid>() else { continue };
            match telephone.client.recordings(&leg).await {
                Ok(listed) => {
                    for found in listed.items {
                        if let (Some(sid), Some(status)) = (&found.sid, &found.status) {
                            self.note_recording(call, sid, status, found.duration_seconds).await?;
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(call.id = %call, error.message = %error, "the carrier could not be asked for a recording; it is asked again");
                }
            }
        }
        Ok(())
    }

    /// Talks of the last week without a recording that we keep (compliance, C9).
    pub(crate) async fn missing_recordings(&self) -> Result<Vec<MissingRecording>, CallsFailure> {
        let now = self.shared.queue.now();
        let rows = store::list_missing_recordings(&self.shared.pool, now - LISTED, now).await?;
        let shown = |row: store::MissingRow| MissingRecording {
            call_id: row.call,
            agent: row.agent,
            user_name: row.user_name,
            at: display_time(row.answered_at, now),
            talked_seconds: row.talked_seconds,
            why: match (row.status.as_deref(), row.failures) {
                (None, _) => "The carrier has said nothing of a recording.".to_owned(),
                (Some("in-progress"), _) => "The carrier has not finished it.".to_owned(),
                (Some("completed"), 0 | 1) => "It is being fetched.".to_owned(),
                (Some("completed"), failures) => format!("It could not be fetched or stored so far ({failures} times); it is tried again."),
                (Some(_), _) => "The carrier says that nothing was recorded.".to_owned(),
            },
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// The recording of a call, for somebody who may hear it: their own calls, or all for supervisors.
    pub(crate) async fn recording_for(&self, agent: &CurrentAgent, call: CallId) -> Result<RecordingRow, CallsFailure> {
        let row = store::find(&self.shared.pool, call).await?;
        row.filter(|row| may_listen(agent, row.agent)).ok_or(CallsError::NoSuchCall)?;
        let found = store::find_stored_recording(&self.shared.pool, call).await?;
        Ok(found.ok_or(CallsError::NoRecording)?)
    }

    /// Notes that somebody listens.
    pub(crate) async fn note_listening(&self, agent: &CurrentAgent, recording: &RecordingRow) -> Result<(), CallsFailure> {
        store::insert_recording_access(&self.shared.pool, &recording.sid, agent.id, self.shared.queue.now()).await?;
        tracing::info!(agent.id = %agent.id, recording.sid = recording.sid, "a recording is played");
        Ok(())
    }

    /// These bytes of a recording.
    pub(crate) async fn read_recording(
        &self,
        recording: &RecordingRow,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, object_store::Result<Bytes>>, CallsFailure> {
        let path = Path::parse(&recording.object_path).map_err(|error| CallsFailure::Store(error.into()))?;
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.shared.recordings.store.get_opts(&path, options).await.map_err(CallsFailure::Store)?;
        Ok(found.into_stream())
    }
}
