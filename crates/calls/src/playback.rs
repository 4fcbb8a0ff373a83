//! Recordings to be listened to in the browser, with seeking: `GET /api/calls/recording/{call_id}`.

use std::ops::RangeInclusive;

use auth::CurrentAgent;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use kernel::{CallId, WireError};

use crate::service::{Calls, CallsFailure};

/// The path and what answers there, for whoever is signed in: a layer outside has seen to that.
pub fn playback(calls: &Calls) -> (&'static str, MethodRouter) {
    ("/api/calls/recording/{call_id}", get(play).with_state(calls.clone()))
}

async fn play(
    State(calls): State<Calls>,
    Extension(agent): Extension<CurrentAgent>,
    Path(call): Path<CallId>,
    headers: HeaderMap,
) -> Response {
    match try_play(&calls, &agent, call, &headers).await {
        Ok(response) => response,
        Err(failure) => {
            let error = WireError::from(failure);
            let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(error)).into_response()
        }
    }
}

async fn try_play(calls: &Calls, agent: &CurrentAgent, call: CallId, headers: &HeaderMap) -> Result<Response, CallsFailure> {
    let recording = calls.recording_for(agent, call).await?;
    let size = u64::try_from(recording.size_bytes).unwrap_or_default();
    let Ok(asked) = asked_range(headers, size) else {
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{size}"))]).into_response());
    };
    let range = asked.clone().unwrap_or(0..=size.saturating_sub(1));
    calls.note_listening(agent, &recording).await?;
    let sound = calls.read_recording(&recording, *range.start()..*range.end() + 1).await?;
    let length = range.end() - range.start() + 1;
    let mut response = Response::new(Body::from_stream(sound));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    // What was kept when it was stored: whoever has it can prove that nothing was changed since.
    headers.extend(HeaderValue::try_from(format!("\"{}\"", recording.sha256)).map(|hash| (header::ETAG, hash)));
    if asked.is_some() {
        let words = format!("bytes {}-{}/{size}", range.start(), range.end());
        headers.extend(HeaderValue::try_from(words).map(|words| (header::CONTENT_RANGE, words)));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// The one range that was asked for; none: all of it. More than one at a time no player asks for; then it is all of it as well.
fn asked_range(headers: &HeaderMap, size: u64) -> Result<Option<RangeInclusive<u64>>, ()> {
    let Some(asked) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else { return Ok(None) };
    let Ok(parsed) = http_range_header::parse_range_header(asked) else { return Err(()) };
    let mut ranges = parsed.validate(size).map_err(|_| ())?;
    Ok(if ranges.len() == 1 { ranges.pop() } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &str) -> Result<Option<RangeInclusive<u64>>, ()> {
        asked_range(&HeaderMap::from_iter([(header::RANGE, HeaderValue::try_from(range).unwrap())]), 1000)
    }

    #[test]
    fn a_player_moves_to_and_fro() {
        assert_eq!(asked_range(&HeaderMap::new(), 1000), Ok(None));
        assert_eq!(asked("bytes=0-"), Ok(Some(0..=999)));
        assert_eq!(asked("bytes=100-199"), Ok(Some(100..=199)));
        assert_eq!(asked("bytes=-10"), Ok(Some(990..=999)));
        assert_eq!(asked("bytes=0-1,5-6"), Ok(None));
        for wrong in ["bytes=1000-", "bytes=7-3", "lines=1-2", "bytes=a-b"] {
            assert_eq!(asked(wrong), Err(()), "{wrong}");
        }
    }
}
