//! What is known of each server that answers at the replica's address: behind one name there may be several, and one may take another's place. Pure.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::store::Sample;
use crate::types::ReplicaLag;

/// How old a sample may grow before it says nothing any more.
const SAMPLE_LIFE: Duration = Duration::from_secs(2);

/// A server that was not met for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_mins(10);

/// Every server that was met, by its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Servers(HashMap<String, Server>);

#[derive(Clone, Debug)]
struct Server {
    /// When it was asked last.
    sampled: Instant,
    /// How far behind, as of when; none while it does not know.
    behind: Option<(Duration, Instant)>,
    /// Of each stream that it receives, the last mark and since when it has been the same.
    marks: HashMap<String, (String, Instant)>,
    /// How much longer than is usual for it the quietest of them has been silent.
    silent: Duration,
}

/// What a server's word is worth now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It was not asked lately.
    NotSampled,
    /// It does not know how far behind it is, or is not heard.
    Unknown,
    /// It is so far behind.
    Behind(ReplicaLag),
}

impl Servers {
    /// Keeps what a server said when it was asked.
    pub(crate) fn keep(&mut self, sample: &Sample, asked: Instant) {
        self.0.retain(|_, server| asked.saturating_duration_since(server.sampled) <= FORGOTTEN);
        let server = self.0.entry(sample.server.clone()).or_insert_with(|| Server {
            sampled: asked,
            behind: None,
            marks: HashMap::new(),
            silent: Duration::ZERO,
        });
        if asked < server.sampled {
            return;
        }
        server.sampled = asked;
        server.behind = sample.behind.and_then(|behind| Some((behind.by, asked.checked_sub(behind.ago)?)));
        let mut silent = Duration::ZERO;
        let mut marks = HashMap::new();
        for stream in &sample.streams {
            let since = server.marks.get(&stream.channel).filter(|(mark, _)| *mark == stream.mark).map_or(asked, |(_, since)| *since);
            silent = silent.max(asked.saturating_duration_since(since).saturating_sub(stream.period));
            marks.insert(stream.channel.clone(), (stream.mark.clone(), since));
        }
        // A server that does not know how far behind it is does not say what it received.
        if sample.behind.is_some() {
            (server.marks, server.silent) = (marks, silent);
        }
    }

    /// What the word of this server is worth.
    pub(crate) fn standing(&self, server: &str, limit_millis: i64, now: Instant) -> Standing {
        self.0.get(server).map_or(Standing::NotSampled, |server| server.standing(limit_millis, now))
    }

    /// Whether any is known to be within the limit.
    pub(crate) fn is_any_within(&self, limit_millis: i64, now: Instant) -> bool {
        let is_within = |server: &Server| match server.standing(limit_millis, now) {
            Standing::Behind(lag) => lag.millis <= limit_millis,
            Standing::NotSampled | Standing::Unknown => false,
        };
        self.0.values().any(is_within)
    }

    /// Of those that were asked lately, the lag of the farthest behind; none when that of one is unknown, or none was asked.
    pub(crate) fn farthest(&self, limit_millis: i64, now: Instant) -> Option<ReplicaLag> {
        let mut farthest: Option<ReplicaLag> = None;
        for server in self.0.values() {
            match server.standing(limit_millis, now) {
                Standing::NotSampled => {}
                Standing::Unknown => return None,
                Standing::Behind(lag) if farthest.is_some_and(|farthest| farthest.millis >= lag.millis) => {}
                Standing::Behind(lag) => farthest = Some(lag),
            }
        }
        farthest
    }

    /// Whether one that sees nothing wrong is not heard any more.
    pub(crate) fn is_any_silent(&self, limit_millis: i64, now: Instant) -> bool {
        self.0.values().any(|server| server.behind.is_some() && server.is_silent(limit_millis) && server.is_sampled(now))
    }
}

impl Server {
    fn standing(&self, limit_millis: i64, now: Instant) -> Standing {
        if !self.is_sampled(now) {
            return Standing::NotSampled;
        }
        match self.behind {
            Some((by, as_of)) if !self.is_silent(limit_millis) => {
                let age = now.saturating_duration_since(as_of);
                if age > SAMPLE_LIFE {
                    return Standing::Unknown;
                }
                Standing::Behind(ReplicaLag { millis: millis(by), sample_age_millis: millis(age) })
            }
            _ => Standing::Unknown,
        }
    }

    fn is_sampled(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.sampled) <= SAMPLE_LIFE
    }

    /// Silent for longer than is usual for it and the limit together.
    fn is_silent(&self, limit_millis: i64) -> bool {
        millis(self.silent) > limit_millis.max(0)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Behind, Stream};

    const LIMIT: i64 = 5_000;

    fn sample(server: &str, seconds: Option<u64>, mark: &str) -> Sample {
        Sample {
            server: server.to_owned(),
            behind: seconds.map(|seconds| Behind { by: Duration::from_secs(seconds), ago: Duration::ZERO }),
            streams: seconds
                .map(|_| Stream { channel: String::new(), mark: mark.to_owned(), period: Duration::from_secs(30) })
                .into_iter()
                .collect(),
        }
    }

    fn behind(millis: i64, sample_age_millis: i64) -> Standing {
        Standing::Behind(ReplicaLag { millis, sample_age_millis })
    }

    /// lessons, line 60: the lag of one replica vouched for another's rows.
    #[test]
    fn each_server_speaks_for_itself_alone() {
        let (mut servers, start) = (Servers::default(), Instant::now());
        servers.keep(&sample("a", Some(0), "1"), start);
        assert_eq!(servers.standing("a", LIMIT, start), behind(0, 0));
        assert_eq!(servers.standing("b", LIMIT, start), Standing::NotSampled);

        servers.keep(&sample("b", Some(7), "1"), start);
        assert_eq!(servers.standing("a", LIMIT, start), behind(0, 0));
        assert_eq!(servers.standing("b", LIMIT, start), behind(7_000, 0));
        assert!(servers.is_any_within(LIMIT, start) && !servers.is_any_within(-1, start));
        assert_eq!(servers.farthest(LIMIT, start).map(|lag| lag.millis), Some(7_000));

        servers.keep(&sample("b", None, ""), start);
        assert_eq!(servers.standing("b", LIMIT, start), Standing::Unknown);
        assert!(servers.is_any_within(LIMIT, start));
        assert_eq!(servers.farthest(LIMIT, start), None, "one of them does not know");
    }

    #[test]
    fn a_sample_is_good_for_two_seconds_and_an_older_one_changes_nothing() {
        let (mut servers, start) = (Servers::default(), Instant::now());
        let later = |millis| start + Duration::from_millis(millis);
        servers.keep(&sample("a", Some(1), "1"), later(500));
        servers.keep(&sample("a", None, ""), start);
        assert_eq!(servers.standing("a", LIMIT, later(2_500)), behind(1_000, 2_000));
        assert_eq!(servers.standing("a", LIMIT, later(2_501)), Standing::NotSampled);
        assert_eq!(servers.farthest(LIMIT, later(2_501)), None);
        // Aurora tells when it measured.
        let ago = |millis| Some(Behind { by: Duration::ZERO, ago: Duration::from_millis(millis) });
        servers.keep(&Sample { server: "a".to_owned(), behind: ago(1_900), streams: Vec::new() }, later(3_000));
        assert_eq!(servers.standing("a", LIMIT, later(3_050)), behind(0, 1_950));
        assert_eq!(servers.standing("a", LIMIT, later(3_101)), Standing::Unknown);
    }

    #[test]
    fn a_stream_may_be_silent_for_its_period_and_the_limit() {
        let (mut servers, start) = (Servers::default(), Instant::now());
        let mut at = |second: u64, mark: &str| {
            let now = start + Duration::from_secs(second);
            servers.keep(&sample("a", Some(0), mark), now);
            (servers.standing("a", LIMIT, now) != Standing::Unknown, servers.is_any_silent(LIMIT, now))
        };
        let (known, silent) = ((true, false), (false, true));
        assert_eq!([at(0, "1"), at(20, "1"), at(35, "1")], [known; 3]);
        assert_eq!([at(36, "1"), at(500, "1")], [silent; 2]);
        // A heartbeat or a row: it is heard again.
        assert_eq!([at(501, "2"), at(536, "2")], [known; 2]);
        assert_eq!(at(537, "2"), silent);
        assert_eq!(at(538, "3"), known);
    }

    #[test]
    fn of_several_primaries_one_that_is_silent_is_enough() {
        let (mut servers, start) = (Servers::default(), Instant::now());
        for second in 0..=40 {
            let mut both = sample("a", Some(0), &second.to_string());
            both.streams.push(Stream { channel: "second".to_owned(), mark: "1".to_owned(), period: Duration::from_secs(10) });
            let now = start + Duration::from_secs(second);
            servers.keep(&both, now);
            assert_eq!(servers.standing("a", LIMIT, now) == Standing::Unknown, second > 15, "{second}");
        }
    }

    #[test]
    fn servers_that_are_gone_are_forgotten() {
        let (mut servers, start) = (Servers::default(), Instant::now());
        for second in 0..2_000 {
            servers.keep(&sample(&format!("pod-{second}"), Some(0), "1"), start + Duration::from_secs(second));
        }
        assert_eq!(servers.0.len(), 601);
    }
}
