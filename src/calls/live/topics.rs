//! What this tab follows, and how far it has heard of each: pure, so that "no gap, no repeat" can be tested without a socket.

use crate::calls::model::{Ask, BOARD, CallCard, News, Tell, call_topic};

/// The topics of a tab: a handful.
#[derive(Debug, Default)]
pub struct Topics(Vec<Followed>);

#[derive(Debug)]
struct Followed {
    topic: String,
    /// How many parts of the page follow it.
    followers: u32,
    /// The highest sequence number heard.
    cursor: i64,
    /// How far the call had come when we were away: what lies between is being caught up.
    wanted: i64,
}

impl Topics {
    /// One more follower, who knows everything up to `after`. The answer is to be sent: it also brings a newcomer the board anew.
    pub fn add(&mut self, topic: &str, after: i64) -> Ask {
        let cursor = match self.find(topic) {
            Some(followed) => {
                followed.cursor = followed.cursor.min(after);
                followed.followers += 1;
                followed.cursor
            }
            None => {
                self.0.push(Followed { topic: topic.to_owned(), followers: 1, cursor: after, wanted: 0 });
                after
            }
        };
        Ask::Sub { sub: topic.to_owned(), after: cursor }
    }

    fn find(&mut self, topic: &str) -> Option<&mut Followed> {
        self.0.iter_mut().find(|followed| followed.topic == topic)
    }

    /// One follower less; what to send when it was the last.
    pub fn remove(&mut self, topic: &str) -> Option<Ask> {
        let followed = self.find(topic)?;
        followed.followers -= 1;
        if followed.followers > 0 {
            return None;
        }
        self.0.retain(|followed| followed.topic != topic);
        Some(Ask::Unsub { unsub: topic.to_owned() })
    }

    /// Everything to ask for on a new connection, each from the last line heard.
    pub fn asks(&self) -> Vec<Ask> {
        self.0.iter().map(|followed| Ask::Sub { sub: followed.topic.clone(), after: followed.cursor }).collect()
    }

    /// Moves the cursor. Only lines and events move it: a card may know of lines that are still on their way.
    pub fn hear(&mut self, tell: &Tell) {
        match &tell.news {
            News::More { lines, events } => {
                let Some(followed) = self.find(&tell.topic) else { return };
                let newest = lines.iter().map(|line| line.seq).chain(events.iter().map(|event| event.seq)).max();
                followed.cursor = followed.cursor.max(newest.unwrap_or(0));
            }
            News::Board { calls, .. } if tell.topic == BOARD => calls.iter().for_each(|card| self.want(card)),
            _ => {}
        }
    }

    fn want(&mut self, card: &CallCard) {
        if let Some(followed) = self.find(&call_topic(card.id)) {
            followed.wanted = card.seq;
        }
    }

    /// How many lines and events of the followed calls are known to exist but not heard yet.
    pub fn behind(&self) -> i64 {
        self.0.iter().map(|followed| (followed.wanted - followed.cursor).max(0)).sum()
    }

    /// Stops waiting: what was wanted was perhaps not for us.
    pub fn give_up_waiting(&mut self) {
        self.0.iter_mut().for_each(|followed| followed.wanted = 0);
    }
}

/// How long to wait before the next try, in milliseconds: the first comes quickly, later ones within 1 to 10 s. `random` is 0 to 1.
pub fn retry_delay_ms(tries: u32, random: f64) -> u32 {
    let (least, most) = match tries {
        0 => (250.0, 1000.0),
        1 => (1000.0, 2500.0),
        2 => (1000.0, 5000.0),
        _ => (1000.0, 10_000.0),
    };
    (least + (most - least) * random.clamp(0.0, 1.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{
        live::samples::{card, event, line},
        model::Speaker,
    };

    fn more(topic: &str, seqs: &[i64]) -> Tell {
        let lines = seqs.iter().map(|seq| line(*seq, Speaker::Caller, "oui")).collect();
        Tell { topic: topic.to_owned(), seq: *seqs.last().unwrap_or(&0), news: News::More { lines, events: vec![] } }
    }

    fn after(ask: &Ask) -> i64 {
        match ask {
            Ask::Sub { after, .. } => *after,
            Ask::Unsub { .. } => panic!("not a subscription"),
        }
    }

    #[test]
    fn a_new_connection_asks_from_the_last_line_heard() {
        let mut topics = Topics::default();
        assert_eq!(after(&topics.add("call:a", 4)), 4);
        topics.hear(&more("call:a", &[5, 6]));
        let events = vec![event(7, "status", serde_json::json!({}))];
        topics.hear(&Tell { topic: "call:a".into(), seq: 7, news: News::More { lines: vec![], events } });
        assert_eq!(topics.asks(), [Ask::Sub { sub: "call:a".into(), after: 7 }]);
    }

    #[test]
    fn a_card_that_knows_more_does_not_move_the_cursor() {
        let (mut topics, mut ahead) = (Topics::default(), card(1));
        ahead.seq = 40;
        let topic = call_topic(ahead.id);
        topics.add(&topic, 3);
        topics.hear(&Tell { topic: topic.clone(), seq: 40, news: News::Card { card: Box::new(ahead) } });
        assert_eq!(after(&topics.asks()[0]), 3);
    }

    #[test]
    fn two_followers_share_a_topic_and_the_last_one_ends_it() {
        let mut topics = Topics::default();
        topics.add("call:a", 9);
        assert_eq!(after(&topics.add("call:a", 2)), 2);
        assert_eq!(topics.remove("call:a"), None);
        assert_eq!(topics.remove("call:a"), Some(Ask::Unsub { unsub: "call:a".into() }));
        assert_eq!(topics.remove("call:a"), None);
        assert!(topics.asks().is_empty());
    }

    #[test]
    fn what_is_missing_after_a_break_is_counted_until_it_came() {
        let (mut topics, mut card) = (Topics::default(), card(1));
        card.seq = 12;
        let topic = call_topic(card.id);
        topics.add(&topic, 10);
        let now = card.created_at;
        topics.hear(&Tell { topic: BOARD.into(), seq: 0, news: News::Board { calls: vec![card], server_now: now } });
        assert_eq!(topics.behind(), 2);
        topics.hear(&more(&topic, &[11]));
        assert_eq!(topics.behind(), 1);
        topics.hear(&more(&topic, &[12]));
        assert_eq!(topics.behind(), 0);
    }

    #[test]
    fn retries_are_quick_once_then_patient_and_never_at_the_same_moment() {
        assert_eq!([retry_delay_ms(0, 0.0), retry_delay_ms(0, 1.0)], [250, 1000]);
        assert_eq!([retry_delay_ms(9, 0.0), retry_delay_ms(9, 1.0)], [1000, 10_000]);
        assert!(retry_delay_ms(3, 0.2) != retry_delay_ms(3, 0.7));
    }
}
