//! Recordings: what is kept of a call's sound, in files of a folder of our own, and who is told of it.

mod write;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::clock::{now, rfc2822};
use crate::core::Core;
use crate::media::{Layout, Recorder, Track};
use crate::model::Endpoint;
use crate::sid;
use crate::webhook::Delivery;

/// Where a recording stands, in Twilio's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingStatus {
    InProgress,
    Paused,
    /// No more is recorded; it is not ready yet.
    Processing,
    Completed,
    /// There is nothing: the call was never answered, or the sound was lost.
    Absent,
}

impl RecordingStatus {
    /// As Twilio writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in-progress",
            Self::Paused => "paused",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Absent => "absent",
        }
    }

    /// Sound is still taken.
    pub fn is_live(self) -> bool {
        matches!(self, Self::InProgress | Self::Paused)
    }
}

/// Whether a word of Twilio's for recording means two channels; none when nothing is to be recorded. We begin at the answer, also
/// where it says ringing.
pub fn is_dual(word: &str) -> Option<bool> {
    match word {
        "true" | "record-from-answer" | "record-from-ringing" | "record-from-start" => Some(false),
        "record-from-answer-dual" | "record-from-ringing-dual" => Some(true),
        _ => None,
    }
}

/// The sound that a word of Twilio's means; both when nothing is said.
pub fn track(word: Option<&str>) -> Track {
    match word {
        Some("inbound" | "inbound_track") => Track::Inbound,
        Some("outbound" | "outbound_track") => Track::Outbound,
        _ => Track::Both,
    }
}

/// How an application asked for a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub layout: Layout,
    /// Who asked, in Twilio's words: `OutboundAPI`, `Conference`, `DialVerb`, `RecordVerb`, `StartCallRecordingAPI`.
    pub source: &'static str,
    /// Who is told.
    pub callback: Option<Endpoint>,
    /// Of what: `in-progress`, `completed`, `absent`, `failed`.
    pub events: Vec<String>,
}

/// A recording, also while it is made.
#[derive(Clone, Debug)]
pub struct Recording {
    /// `RE…`.
    pub sid: String,
    /// The call; empty for a conference's.
    pub call_sid: String,
    pub conference_sid: Option<String>,
    pub asked: Asked,
    pub status: RecordingStatus,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    /// How long it is, when that is known.
    pub seconds: Option<u64>,
    is_paused: Arc<AtomicBool>,
}

/// All recordings, oldest first, and where they are.
#[derive(Debug, Default)]
pub struct Recordings {
    list: Mutex<VecDeque<Recording>>,
    /// Made with the first recording.
    folder: Mutex<Option<PathBuf>>,
}

impl Recordings {
    fn list(&self) -> MutexGuard<'_, VecDeque<Recording>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every recording, oldest first.
    pub fn all(&self) -> Vec<Recording> {
        self.list().iter().cloned().collect()
    }

    /// One by sid.
    pub fn get(&self, sid: &str) -> Option<Recording> {
        self.list().iter().find(|known| known.sid == sid).cloned()
    }

    /// Where its file is, if there ever was any.
    pub fn file(&self, sid: &str) -> Option<PathBuf> {
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        folder.as_ref().map(|folder| folder.join(format!("{sid}.wav")))
    }

    /// Where its file will be.
    fn new_file(&self, sid: &str) -> io::Result<PathBuf> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        let path = if let Some(path) = &*folder {
            path.clone()
        } else {
            let path = std::env::temp_dir().join(sid::new("twilio-emulator-"));
            private_folder(&path)?;
            folder.insert(path).clone()
        };
        Ok(path.join(format!("{sid}.wav")))
    }

    /// Adds one. Beyond `most`, the oldest that is not being made is deleted.
    fn add(&self, recording: Recording, most: usize) {
        let oldest = {
            let mut list = self.list();
            list.push_back(recording);
            let is_too_many = list.len() > most;
            list.iter().find(|known| is_too_many && !known.status.is_live()).map(|known| known.sid.clone())
        };
        if let Some(oldest) = oldest {
            self.remove(&oldest);
        }
    }

    /// It stands otherwise; answers how. None when it was deleted.
    fn change(&self, sid: &str, change: impl FnOnce(&mut Recording)) -> Option<Recording> {
        let mut list = self.list();
        let known = list.iter_mut().find(|known| known.sid == sid)?;
        change(known);
        known.updated = now();
        Some(known.clone())
    }

    /// It and its file are gone. False when there was none.
    pub fn remove(&self, sid: &str) -> bool {
        let known = {
            let mut list = self.list();
            let at = list.iter().position(|known| known.sid == sid);
            at.and_then(|at| list.remove(at))
        };
        if known.is_some()
            && let Some(path) = self.file(sid)
        {
            let _never_written = std::fs::remove_file(path);
        }
        known.is_some()
    }

    /// All are gone. What is still being made is deleted by whoever makes it.
    pub fn clear(&self) {
        self.list().clear();
        if let Some(folder) = self.folder.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _is_gone = std::fs::remove_dir_all(folder);
        }
    }
}

impl Drop for Recordings {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Nobody else on this machine may listen.
fn private_folder(path: &std::path::Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

impl Core {
    /// What a call says and hears is recorded from now on. Answers the recording's sid.
    pub fn record(self: &Arc<Self>, call_sid: &str, asked: Asked) -> String {
        let (recording, recorder) = self.begin(call_sid, None, asked);
        self.media.record(call_sid, recorder);
        recording
    }

    /// What is said in a conference is recorded from now on. Answers the recording's sid.
    pub fn record_conference(self: &Arc<Self>, conference_sid: &str, asked: Asked) -> String {
        let (recording, recorder) = self.begin("", Some(conference_sid.to_owned()), asked);
        self.media.record_room(conference_sid, recorder);
        recording
    }

    /// A call that was to be recorded was never answered.
    pub fn record_nothing(&self, call_sid: &str, asked: Asked) {
        let recording = new(call_sid, None, asked, RecordingStatus::Absent);
        self.recordings.add(recording.clone(), self.config.recordings_kept);
        self.tell_of_recording(&recording, "absent");
    }

    fn begin(self: &Arc<Self>, call_sid: &str, conference_sid: Option<String>, asked: Asked) -> (String, Recorder) {
        let recording = new(call_sid, conference_sid, asked, RecordingStatus::InProgress);
        let (recorder, chunks) = Recorder::new(&recording.sid, recording.asked.layout, Arc::clone(&recording.is_paused));
        self.recordings.add(recording.clone(), self.config.recordings_kept);
        self.tell_of_recording(&recording, "in-progress");
        self.spawn(write::write(Arc::clone(self), recording.clone(), chunks));
        (recording.sid, recorder)
    }

    /// Nothing, or something again, is recorded for a while. None when it is not being made.
    pub fn pause_recording(&self, sid: &str, is_paused: bool) -> Option<Recording> {
        let status = if is_paused { RecordingStatus::Paused } else { RecordingStatus::InProgress };
        self.recordings.get(sid).filter(|known| known.status.is_live())?;
        self.recordings.change(sid, |known| {
            known.is_paused.store(is_paused, Ordering::Relaxed);
            known.status = status;
        })
    }

    /// Nothing more is recorded. None when it is not being made.
    pub fn stop_recording(&self, sid: &str) -> Option<Recording> {
        self.recordings.get(sid).filter(|known| known.status.is_live())?;
        self.media.stop_recording(sid);
        self.recordings.change(sid, |known| known.status = RecordingStatus::Processing)
    }

    /// What is recorded of a conference is over.
    pub fn stop_recordings_of(&self, conference_sid: &str) {
        let of_it = |known: &Recording| known.conference_sid.as_deref() == Some(conference_sid);
        let live: Vec<_> = self.recordings.all().into_iter().filter(|known| of_it(known) && known.status.is_live()).collect();
        for recording in live {
            self.stop_recording(&recording.sid);
        }
    }

    /// The address of a recording's sound, without an ending, as Twilio writes it.
    pub fn recording_url(&self, sid: &str) -> String {
        format!("{}/2010-04-01/Accounts/{}/Recordings/{sid}", self.base_url(), self.config.account_sid)
    }

    fn tell_of_recording(&self, recording: &Recording, event: &str) {
        let asked = &recording.asked;
        let Some(endpoint) = asked.callback.clone().filter(|_| asked.events.iter().any(|known| known == event)) else { return };
        let mut params = vec![
            ("AccountSid", self.config.account_sid.clone()),
            ("RecordingSid", recording.sid.clone()),
            ("RecordingStatus", event.to_owned()),
            ("RecordingUrl", self.recording_url(&recording.sid)),
            ("RecordingChannels", asked.layout.channels().to_string()),
            ("RecordingTrack", asked.layout.track.word().to_owned()),
            ("RecordingSource", asked.source.to_owned()),
            ("RecordingStartTime", rfc2822(recording.created)),
            ("ErrorCode", "0".to_owned()),
        ];
        if recording.conference_sid.is_none() {
            params.push(("CallSid", recording.call_sid.clone()));
        }
        params.extend(recording.conference_sid.clone().map(|sid| ("ConferenceSid", sid)));
        params.extend(recording.seconds.map(|seconds| ("RecordingDuration", seconds.to_string())));
        let params = params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        // Those of a conference begin while the model is being changed, so it is not looked at.
        let call_sid = recording.conference_sid.is_none().then(|| recording.call_sid.clone());
        let to = call_sid.as_deref().and_then(|sid| self.model().call(sid).map(|call| call.to.clone()));
        self.webhooks.send(&recording.sid, Delivery { endpoint, params, call_sid, to, reply: None });
    }
}

fn new(call_sid: &str, conference_sid: Option<String>, asked: Asked, status: RecordingStatus) -> Recording {
    Recording {
        sid: sid::new("RE"),
        call_sid: call_sid.to_owned(),
        conference_sid,
        asked,
        status,
        created: now(),
        updated: now(),
        seconds: (status == RecordingStatus::Absent).then_some(0),
        is_paused: Arc::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(status: RecordingStatus) -> Recording {
        let layout = Layout { is_dual: false, track: Track::Both };
        new("CA1", None, Asked { layout, source: "OutboundAPI", callback: None, events: Vec::new() }, status)
    }

    #[test]
    fn the_oldest_that_is_ready_gives_way_and_no_file_stays() {
        let recordings = Recordings::default();
        assert_eq!(recordings.file("RE1"), None, "nothing is made before it is needed");
        let [live, old, newer] = [RecordingStatus::InProgress, RecordingStatus::Completed, RecordingStatus::Completed].map(recording);
        let paths = [&live, &old, &newer].map(|one| {
            let path = recordings.new_file(&one.sid).unwrap();
            std::fs::write(&path, b"RIFF").unwrap();
            recordings.add(one.clone(), 2);
            path
        });
        assert_eq!(recordings.all().iter().map(|one| one.sid.clone()).collect::<Vec<_>>(), [live.sid, newer.sid]);
        assert_eq!([paths[0].exists(), paths[1].exists(), paths[2].exists()], [true, false, true]);

        let folder = paths[0].parent().unwrap().to_owned();
        drop(recordings);
        assert!(!folder.exists());
    }

    #[test]
    fn only_words_of_twilios_record() {
        assert_eq!(
            (is_dual("true"), is_dual("record-from-ringing"), is_dual("record-from-answer-dual")),
            (Some(false), Some(false), Some(true))
        );
        assert_eq!((is_dual("false"), is_dual("do-not-record"), is_dual("")), (None, None, None));
    }
}
