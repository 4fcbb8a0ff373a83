//! One recording's way to its file: a second at a time, and its length when it is known.

use std::io::SeekFrom;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Recording, RecordingStatus};
use crate::core::Core;
use crate::media::{RATE, wav_header};

/// Between the end of the sound and its being ready.
const PROCESSING: Duration = Duration::from_millis(500);

/// Writes what comes until nothing comes any more; then the recording is ready, and that is told.
pub async fn write(core: Arc<Core>, recording: Recording, mut chunks: UnboundedReceiver<Vec<u8>>) {
    let channels = recording.asked.layout.channels();
    let written = match core.recordings.new_file(&recording.sid) {
        Ok(path) => to_file(&path, channels, &mut chunks).await,
        Err(error) => Err(error),
    };
    let Some(_) = core.recordings.change(&recording.sid, |known| known.status = RecordingStatus::Processing) else {
        return discard(&core, &recording.sid);
    };
    core.clock.sleep(core.paced(PROCESSING) + Duration::from_millis(core.faults.get().recording_delay_ms)).await;
    if let Err(error) = &written {
        core.problem(&recording.call_sid, 20_500, &format!("The recording could not be written: {error}"));
    }
    let is_lost = written.is_err() || core.faults.take(|faults| &mut faults.recording_failed);
    let bytes = written.unwrap_or_default();
    let second = u64::from(RATE) * 2 * u64::from(channels);
    let (status, event) = if is_lost { (RecordingStatus::Absent, "failed") } else { (RecordingStatus::Completed, "completed") };
    let seconds = if is_lost { 0 } else { (u64::from(bytes) + second / 2) / second };
    let Some(ready) = core.recordings.change(&recording.sid, |known| {
        known.status = status;
        known.seconds = Some(seconds);
    }) else {
        return discard(&core, &recording.sid);
    };
    if is_lost {
        discard(&core, &recording.sid);
    }
    if !core.faults.take(|faults| &mut faults.recording_untold) {
        core.tell_of_recording(&ready, event);
    }
}

async fn to_file(path: &Path, channels: u16, chunks: &mut UnboundedReceiver<Vec<u8>>) -> std::io::Result<u32> {
    let mut file = File::create(path).await?;
    file.write_all(&wav_header(channels, 0)).await?;
    let mut bytes: u32 = 0;
    while let Some(chunk) = chunks.recv().await {
        let Some(longer) = u32::try_from(chunk.len()).ok().and_then(|more| bytes.checked_add(more)) else { break };
        file.write_all(&chunk).await?;
        bytes = longer;
    }
    file.seek(SeekFrom::Start(0)).await?;
    file.write_all(&wav_header(channels, bytes)).await?;
    file.flush().await?;
    Ok(bytes)
}

fn discard(core: &Core, sid: &str) {
    if let Some(path) = core.recordings.file(sid) {
        let _is_gone = std::fs::remove_file(path);
    }
}
