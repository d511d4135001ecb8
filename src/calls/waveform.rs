//! The waveform as it was measured, as paths: both voices on one axis.

use super::{model::Speaker, player::Stretch};

/// The heights in a text of `CallDetail::recording_peaks`, 0 to 35.
pub fn heights(peaks: &str) -> Vec<Vec<u32>> {
    peaks.split('|').map(|lane| lane.chars().filter_map(|c| c.to_digit(36)).collect()).collect()
}

/// The bars of both lanes as paths, in seconds by 57: the caller's stand on the middle, the assistant's hang from it. Where both were recorded
/// in one, the words tell whose turn it is.
pub fn bars(peaks: &[Vec<u32>], stretches: &[Stretch], whole_s: f64) -> (String, String) {
    let count = peaks.iter().map(Vec::len).min().unwrap_or(0);
    let step = whole_s / count.max(1) as f64;
    let (mut upper, mut lower) = (String::new(), String::new());
    for at in 0..count {
        let middle = (at as f64 + 0.5) * step;
        let is_caller =
            || stretches.iter().rev().find(|stretch| stretch.from_s <= middle).is_none_or(|stretch| stretch.speaker == Speaker::Caller);
        let (up, down) = match peaks {
            [both] if is_caller() => (both[at], 0),
            [both] => (0, both[at]),
            [caller, assistant, ..] => (caller[at], assistant[at]),
            [] => continue,
        };
        let bar = |top: f64, height: u32| {
            format!("M{:.2} {:.1}h{:.2}v{:.1}h-{:.2}z", at as f64 * step, top, step * 0.66, height_of(height), step * 0.66)
        };
        if up >= down {
            upper.push_str(&bar(28.0 - height_of(up), up));
        }
        if down > 0 && (down >= up || peaks.len() > 1 && down > 3) {
            lower.push_str(&bar(29.0, down));
        }
    }
    (upper, lower)
}

/// A height on the page: nothing is still a line.
fn height_of(height: u32) -> f64 {
    1.0 + f64::from(height) * 25.0 / 35.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk() -> Vec<Stretch> {
        [(Speaker::Assistant, 1.0), (Speaker::Caller, 3.0)]
            .map(|(speaker, from_s)| Stretch { seq: from_s as i64, speaker, from_s, to_s: from_s + 1.0 })
            .to_vec()
    }

    #[test]
    fn measured_heights_stand_on_the_middle_and_hang_from_it() {
        let two = heights("z0|0i");
        assert_eq!(two, [[35, 0], [0, 18]]);
        let (upper, lower) = bars(&two, &[], 10.0);
        assert_eq!(upper, "M0.00 2.0h3.30v26.0h-3.30z");
        assert_eq!(lower, "M5.00 29.0h3.30v13.9h-3.30z");
        // In one lane, the line that is said tells whose it is.
        let (upper, lower) = bars(&heights("zz"), &talk(), 6.0);
        assert_eq!((upper.matches('M').count(), lower.matches('M').count()), (1, 1));
        assert_eq!(bars(&heights(""), &[], 1.0), (String::new(), String::new()));
    }
}
