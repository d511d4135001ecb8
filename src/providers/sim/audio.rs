//! Speech-like sound for live listening and recordings: the same stretches of speech give the same samples at any position,
//! so a listener who joins late and the recording agree, and both line up with `secondsFromStart`.
//! A syllable is a voiced wave shaped by vowel formants; all syllables of a voice are made once, and speech is a row of
//! copies of them, which keeps ten minutes well under a second even in a debug build.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::call::{Role, Segment};

/// Samples per second of everything made here.
pub(super) const RATE: usize = 16_000;
/// Samples per syllable.
const SYLLABLE: usize = RATE / 5;
/// How many different syllables a voice has.
const VARIETY: u64 = 60;
/// Samples per cycle in a wave table.
const CYCLE: usize = 512;

/// First three formants and their weights of a, e, i, o, u, ɛ. Source: Peterson and Barney 1952, rounded.
const VOWELS: [[(f32, f32); 3]; 6] = [
    [(730.0, 1.0), (1090.0, 0.55), (2440.0, 0.12)],
    [(460.0, 1.0), (1990.0, 0.35), (2550.0, 0.18)],
    [(280.0, 1.0), (2250.0, 0.22), (2950.0, 0.16)],
    [(520.0, 1.0), (880.0, 0.50), (2410.0, 0.06)],
    [(310.0, 1.0), (870.0, 0.28), (2240.0, 0.04)],
    [(570.0, 1.0), (1840.0, 0.40), (2480.0, 0.15)],
];

/// Which lanes a rendering has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    /// Left the customer, right the assistant.
    Stereo,
    /// Both in one.
    Mono,
    /// One speaker alone.
    Only(Role),
}

impl Lanes {
    /// Bytes per sample moment.
    pub(super) fn bytes(self) -> usize {
        if self == Lanes::Stereo { 4 } else { 2 }
    }
}

/// A syllable in the layouts it is copied in.
struct Syllable {
    mono: Vec<u8>,
    stereo: Vec<u8>,
}

static CUSTOMER: LazyLock<Vec<Syllable>> = LazyLock::new(|| voice(Role::User));
static ASSISTANT: LazyLock<Vec<Syllable>> = LazyLock::new(|| voice(Role::Assistant));

/// Fills a silent buffer with the speech of a stretch of the call that begins at this sample.
pub(super) fn render(segments: &[Segment], from: usize, lanes: Lanes, out: &mut [u8]) {
    let width = lanes.bytes();
    let until = from + out.len() / width;
    for segment in segments {
        if matches!(lanes, Lanes::Only(role) if role != segment.role) {
            continue;
        }
        let (start, end) = (sample(segment.start), sample(segment.end));
        if end <= from || start >= until {
            continue;
        }
        let syllables = match segment.role {
            Role::User => &*CUSTOMER,
            Role::Assistant => &*ASSISTANT,
        };
        let first = from.saturating_sub(start) / SYLLABLE;
        for place in first.. {
            let begins = start + place * SYLLABLE;
            if begins >= end.min(until) {
                break;
            }
            let Some(chosen) = choice(segment.seed, place as u64) else { continue };
            let syllable = &syllables[chosen];
            let bytes = if lanes == Lanes::Stereo { &syllable.stereo } else { &syllable.mono };
            let (low, high) = (begins.max(from), (begins + SYLLABLE).min(end).min(until));
            let source = &bytes[(low - begins) * width..(high - begins) * width];
            out[(low - from) * width..(high - from) * width].copy_from_slice(source);
        }
    }
}

/// A WAV file of so many call seconds, 16 bits at 16 kHz.
pub(super) fn wav(segments: &[Segment], seconds: f64, lanes: Lanes) -> Vec<u8> {
    let width = lanes.bytes();
    let data = sample(seconds) * width;
    let mut file = vec![0_u8; 44 + data];
    let channels = width as u16 / 2;
    let byte_rate = (RATE * width) as u32;
    file[..4].copy_from_slice(b"RIFF");
    file[4..8].copy_from_slice(&(36 + data as u32).to_le_bytes());
    file[8..16].copy_from_slice(b"WAVEfmt ");
    file[16..20].copy_from_slice(&16_u32.to_le_bytes());
    file[20..22].copy_from_slice(&1_u16.to_le_bytes());
    file[22..24].copy_from_slice(&channels.to_le_bytes());
    file[24..28].copy_from_slice(&(RATE as u32).to_le_bytes());
    file[28..32].copy_from_slice(&byte_rate.to_le_bytes());
    file[32..34].copy_from_slice(&(width as u16).to_le_bytes());
    file[34..36].copy_from_slice(&16_u16.to_le_bytes());
    file[36..40].copy_from_slice(b"data");
    file[40..44].copy_from_slice(&(data as u32).to_le_bytes());
    render(segments, 0, lanes, &mut file[44..]);
    file
}

/// The same samples at another rate, by the nearest; good enough for a telephone.
pub(super) fn resampled(pcm: &[u8], width: usize, rate: usize) -> Vec<u8> {
    if rate == RATE {
        return pcm.to_vec();
    }
    let moments = pcm.len() / width;
    let wanted = moments * rate / RATE;
    let mut out = Vec::with_capacity(wanted * width);
    for place in 0..wanted {
        let nearest = (place * RATE / rate).min(moments.saturating_sub(1)) * width;
        out.extend_from_slice(&pcm[nearest..nearest + width]);
    }
    out
}

/// 16-bit samples as µ-law. Source: ITU-T G.711.
pub(super) fn to_mulaw(pcm: &[u8]) -> Vec<u8> {
    pcm.chunks_exact(2)
        .map(|pair| {
            let sample = i32::from(i16::from_le_bytes([pair[0], pair[1]]));
            let sign = if sample < 0 { 0x80 } else { 0 };
            let magnitude = sample.abs().min(32_635) + 132;
            let exponent = (24 - (magnitude as u32).leading_zeros()).min(7);
            let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
            !(sign | (exponent as i32) << 4 | mantissa) as u8
        })
        .collect()
}

/// A µ-law byte as a 16-bit sample. Source: ITU-T G.711.
pub(super) fn from_mulaw(byte: u8) -> i16 {
    let byte = !byte;
    let magnitude = ((i32::from(byte & 0x0f) << 3) + 132) << ((byte >> 4) & 7);
    let sample = magnitude - 132;
    if byte & 0x80 == 0 { sample as i16 } else { -sample as i16 }
}

fn sample(seconds: f64) -> usize {
    (seconds.max(0.0) * RATE as f64).round() as usize
}

/// Which syllable stands at this place of a line; none between words.
fn choice(seed: u64, place: u64) -> Option<usize> {
    let mut mixed = seed ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^= mixed >> 32;
    let pause = place > 0 && (mixed >> 40).is_multiple_of(5);
    if pause { None } else { Some((mixed % VARIETY) as usize) }
}

fn voice(role: Role) -> Vec<Syllable> {
    let pitch = match role {
        Role::User => 118.0,
        Role::Assistant => 204.0,
    };
    let tables: Vec<Vec<f32>> = VOWELS.iter().map(|vowel| table(vowel, pitch)).collect();
    (0..VARIETY).map(|number| syllable(role, number as usize, pitch, &tables)).collect()
}

/// One cycle of a vowel: harmonics weighted by the resonances of the mouth, normalised.
fn table(formants: &[(f32, f32); 3], pitch: f32) -> Vec<f32> {
    let mut cycle = vec![0.0_f32; CYCLE];
    for harmonic in 1..=(3800.0 / pitch) as usize {
        let frequency = harmonic as f32 * pitch;
        let weight: f32 = formants.iter().map(|(peak, gain)| gain / (1.0 + ((frequency - peak) / 90.0).powi(2))).sum();
        let weight = weight + 0.04 / harmonic as f32;
        // Phases spread by a square law keep the peaks of the wave low.
        let phase = (harmonic * harmonic) as f32 * 0.37;
        for (place, value) in cycle.iter_mut().enumerate() {
            *value += weight * (TAU * (harmonic * place % CYCLE) as f32 / CYCLE as f32 + phase).sin();
        }
    }
    let peak = cycle.iter().fold(f32::EPSILON, |peak, value| peak.max(value.abs()));
    cycle.iter().map(|value| value / peak).collect()
}

fn syllable(role: Role, number: usize, pitch: f32, tables: &[Vec<f32>]) -> Syllable {
    let (from, to) = (&tables[number % 6], &tables[(number / 6 + number) % 6]);
    let height = [0.92, 1.0, 1.08, 0.96, 1.14][number % 5];
    let consonant = if number.is_multiple_of(3) { SYLLABLE / 8 } else { 0 };
    let (mut phase, mut noise, mut last) = (0.0_f32, (number as u32).wrapping_mul(2_654_435_761) | 1, 0.0_f32);
    let (mut mono, mut stereo) = (Vec::with_capacity(SYLLABLE * 2), Vec::with_capacity(SYLLABLE * 4));
    for place in 0..SYLLABLE {
        let along = place as f32 / SYLLABLE as f32;
        // The melody falls a little within each syllable.
        phase = (phase + pitch * height * (1.05 - 0.1 * along) * CYCLE as f32 / RATE as f32) % CYCLE as f32;
        let index = phase as usize;
        let voiced = from[index] * (1.0 - along) + to[index] * along;
        let envelope = (along / 0.18).min(1.0) * ((1.0 - along) / 0.3).min(1.0);
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let white = noise as f32 / u32::MAX as f32 - 0.5;
        let hiss = white - last;
        last = white;
        let breath = if place < consonant { 0.35 * (1.0 - place as f32 / consonant as f32) } else { 0.006 };
        let value = ((voiced * 0.75 * envelope + hiss * breath * (along * 40.0).min(1.0)) * 11_000.0) as i16;
        let bytes = value.to_le_bytes();
        mono.extend_from_slice(&bytes);
        match role {
            Role::User => stereo.extend_from_slice(&[bytes[0], bytes[1], 0, 0]),
            Role::Assistant => stereo.extend_from_slice(&[0, 0, bytes[0], bytes[1]]),
        }
    }
    Syllable { mono, stereo }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech() -> Vec<Segment> {
        vec![Segment { role: Role::Assistant, start: 1.0, end: 3.0, seed: 5 }, Segment { role: Role::User, start: 4.0, end: 5.5, seed: 9 }]
    }

    fn loudness(pcm: &[u8], lane: usize, from: f64, to: f64) -> f64 {
        let moments = pcm.chunks_exact(4).skip(sample(from)).take(sample(to - from));
        let values: Vec<f64> = moments.map(|bytes| f64::from(i16::from_le_bytes([bytes[lane * 2], bytes[lane * 2 + 1]]))).collect();
        (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn each_speaker_sounds_in_its_lane_while_it_speaks_and_nowhere_else() {
        let file = wav(&speech(), 6.0, Lanes::Stereo);
        let pcm = &file[44..];
        assert_eq!(pcm.len(), 6 * RATE * 4);
        assert!(loudness(pcm, 1, 1.0, 3.0) > 500.0);
        assert!(loudness(pcm, 0, 4.0, 5.5) > 500.0);
        for (lane, from, to) in [(0, 0.0, 4.0), (1, 0.0, 1.0), (1, 3.0, 6.0), (0, 5.5, 6.0)] {
            assert_eq!(loudness(pcm, lane, from, to), 0.0, "lane {lane} from {from}");
        }
    }

    #[test]
    fn a_stretch_rendered_alone_equals_the_same_stretch_of_the_whole() {
        let whole = wav(&speech(), 6.0, Lanes::Mono);
        for from in [0, 15_999, 17_123, 40_000, 70_001] {
            let mut stretch = vec![0; 640];
            render(&speech(), from, Lanes::Mono, &mut stretch);
            assert_eq!(stretch, whole[44 + from * 2..44 + from * 2 + 640], "from {from}");
        }
    }

    #[test]
    fn the_voices_have_different_pitch() {
        let crossings = |role: Role| {
            let pcm: Vec<i16> = {
                let mut out = vec![0; SYLLABLE * 2];
                render(&[Segment { role, start: 0.0, end: 0.2, seed: 1 }], 0, Lanes::Mono, &mut out);
                out.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
            };
            // The strongest lag of the autocorrelation, which is the period.
            let score = |lag: usize| -> i64 { (800..2400).map(|at| i64::from(pcm[at]) * i64::from(pcm[at + lag])).sum() };
            (50..200).max_by_key(|lag| score(*lag)).unwrap_or_default()
        };
        assert!(crossings(Role::User) > crossings(Role::Assistant) + 20);
    }

    #[test]
    fn mulaw_comes_back_close() {
        for value in [-30_000_i16, -1234, -5, 0, 7, 800, 31_000] {
            let back = from_mulaw(to_mulaw(&value.to_le_bytes())[0]);
            assert!((i32::from(back) - i32::from(value)).abs() <= 16 + i32::from(value).abs() / 16, "{value} became {back}");
        }
    }

    #[test]
    fn ten_minutes_are_made_quickly() {
        let segments: Vec<Segment> = (0..200_u32)
            .map(|turn| Segment {
                role: if turn % 2 == 0 { Role::User } else { Role::Assistant },
                start: f64::from(turn) * 3.0,
                end: f64::from(turn) * 3.0 + 2.5,
                seed: u64::from(turn),
            })
            .collect();
        let started = std::time::Instant::now();
        assert_eq!(wav(&segments, 600.0, Lanes::Stereo).len(), 44 + 600 * RATE * 4);
        assert!(started.elapsed().as_secs_f64() < 1.0, "took {:?}", started.elapsed());
    }
}
