//! The heights of a recording's waveform, taken while it passes by: nothing of the audio is kept, and the whole of it is never in memory.

/// Bars a lane.
const BARS: usize = 240;
/// Heights are digits of this base.
const BASE: u32 = 36;
/// Moments of sound that are measured together, a second.
const WINDOWS: usize = 20;
/// The longest head of a file.
const LONGEST_HEAD: usize = 4096;

/// Measures 16-bit sound in a RIFF file, in whatever pieces it comes.
#[derive(Default)]
pub struct Peaks {
    head: Vec<u8>,
    sound: Option<Sound>,
    is_other: bool,
}

struct Sound {
    lanes: usize,
    /// Samples of each lane in a window.
    window: usize,
    /// Bytes of a frame that was cut between two pieces.
    rest: Vec<u8>,
    in_window: usize,
    loudest: [u16; 2],
    windows: Vec<[u16; 2]>,
}

impl Peaks {
    /// Takes in the next piece of the file.
    pub fn hear(&mut self, piece: &[u8]) {
        if self.is_other {
            return;
        }
        if let Some(sound) = &mut self.sound {
            sound.hear(piece);
            return;
        }
        self.head.extend_from_slice(piece);
        match data_of(&self.head) {
            Some((sound, from)) => {
                let rest = self.head.split_off(from);
                self.head = Vec::new();
                self.sound.insert(sound).hear(&rest);
            }
            None => self.is_other = self.head.len() > LONGEST_HEAD,
        }
    }

    /// The bars of each lane, `|` between two lanes; nothing for another kind of file, or silence.
    pub fn drawn(self) -> Option<String> {
        let mut sound = self.sound?;
        if sound.in_window > 0 {
            sound.windows.push(sound.loudest);
        }
        let loudest = sound.windows.iter().flatten().copied().max().filter(|loudest| *loudest > 0)?;
        let lane = |lane: usize| -> String {
            let bar = |at: usize| {
                let (from, to) =
                    (at * sound.windows.len() / BARS, ((at + 1) * sound.windows.len() / BARS).max(at * sound.windows.len() / BARS + 1));
                let peak = sound.windows[from..to.min(sound.windows.len())].iter().map(|window| window[lane]).max().unwrap_or(0);
                // Ears hear ratios: quiet speech is still seen.
                let height = (f32::from(peak) / f32::from(loudest)).sqrt() * (BASE - 1) as f32;
                char::from_digit(height.round() as u32, BASE).unwrap_or('0')
            };
            (0..BARS).map(bar).collect()
        };
        Some((0..sound.lanes).map(lane).collect::<Vec<_>>().join("|"))
    }
}

impl Sound {
    fn hear(&mut self, piece: &[u8]) {
        let width = self.lanes * 2;
        let mut bytes = piece;
        if !self.rest.is_empty() {
            let missing = (width - self.rest.len()).min(bytes.len());
            self.rest.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if self.rest.len() < width {
                return;
            }
            let frame = std::mem::take(&mut self.rest);
            self.frame(&frame);
        }
        let frames = bytes.chunks_exact(width);
        self.rest = frames.remainder().to_vec();
        frames.for_each(|frame| self.frame(frame));
    }

    fn frame(&mut self, frame: &[u8]) {
        for (lane, sample) in frame.chunks_exact(2).enumerate() {
            let sample = i16::from_le_bytes([sample[0], sample[1]]).unsigned_abs();
            self.loudest[lane] = self.loudest[lane].max(sample);
        }
        self.in_window += 1;
        if self.in_window == self.window {
            self.windows.push(std::mem::take(&mut self.loudest));
            self.in_window = 0;
        }
    }
}

/// Where the sound begins in the head of a file, and what it is; nothing while the head is not whole, or of another kind.
fn data_of(head: &[u8]) -> Option<(Sound, usize)> {
    let long = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?) as usize);
    let short = |at: usize| Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?) as usize);
    if head.get(..4)? != b"RIFF" {
        return None;
    }
    let mut at = 12;
    let mut format = None;
    while let (Some(name), Some(size)) = (head.get(at..at + 4), long(at + 4)) {
        match name {
            b"fmt " => format = Some((short(at + 8)?, short(at + 10)?, long(at + 12)?, short(at + 22)?)),
            b"data" => {
                let (kind, lanes, rate, bits) = format?;
                let is_known = matches!(kind, 1 | 0xfffe) && (1..=2).contains(&lanes) && bits == 16 && rate >= WINDOWS;
                let sound = Sound { lanes, window: rate / WINDOWS, rest: vec![], in_window: 0, loudest: [0; 2], windows: vec![] };
                return is_known.then_some((sound, at + 8));
            }
            _ => {}
        }
        at += 8 + size + (size & 1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(lanes: u16, samples: impl IntoIterator<Item = i16>) -> Vec<u8> {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
        wav.extend(lanes.to_le_bytes());
        wav.extend(8000_u32.to_le_bytes());
        wav.extend((8000 * 2 * u32::from(lanes)).to_le_bytes());
        wav.extend((2 * lanes).to_le_bytes());
        wav.extend(16_u16.to_le_bytes());
        wav.extend(b"data\xff\xff\xff\xff");
        wav.extend(samples.into_iter().flat_map(i16::to_le_bytes));
        wav
    }

    fn drawn(wav: &[u8], piece: usize) -> Option<String> {
        let mut peaks = Peaks::default();
        wav.chunks(piece).for_each(|piece| peaks.hear(piece));
        peaks.drawn()
    }

    #[test]
    fn each_lane_has_its_own_bars_however_the_file_is_cut() {
        // The left speaks in the first half, the right in the second.
        let samples = (0..16_000).flat_map(|at| if at < 8_000 { [20_000, 0] } else { [0, -5_000] });
        let wav = wav(2, samples);
        let whole = drawn(&wav, wav.len()).expect("bars");
        let (left, right) = whole.split_once('|').expect("two lanes");
        assert_eq!((left.len(), right.len()), (BARS, BARS));
        assert!(left.starts_with("zzz") && left.ends_with("000") && right.starts_with("000") && right.ends_with("iii"), "{whole}");
        for piece in [1, 3, 7, 1000] {
            assert_eq!(drawn(&wav, piece), Some(whole.clone()));
        }
    }

    #[test]
    fn silence_and_other_files_have_none() {
        assert_eq!(drawn(&wav(1, vec![0; 9000]), 100), None);
        assert_eq!(drawn(&wav(1, vec![]), 100), None);
        assert_eq!(drawn(b"ID3 an mp3 file", 4), None);
        assert_eq!(drawn(&vec![b'x'; 10_000], 512), None);
        assert!(drawn(&wav(1, vec![9000; 10]), 100).is_some(), "shorter than a window");
    }
}
