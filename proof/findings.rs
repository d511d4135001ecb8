//! What was found, a line for each.

use crate::{
    Form,
    place::{middle, percentile, short},
};
use serde_json::{Value, json};
use std::time::Instant;

/// Prints lines and counts them.
pub struct Findings {
    form: Form,
    proof: String,
    began: Instant,
    passed: u32,
    failed: u32,
}

impl Findings {
    pub fn new(form: Form) -> Self {
        Self { form, proof: String::new(), began: Instant::now(), passed: 0, failed: 0 }
    }

    /// What follows belongs to this proof.
    pub fn begin(&mut self, proof: &str) {
        if !self.proof.is_empty() {
            self.took();
        }
        self.proof = proof.to_owned();
        self.began = Instant::now();
    }

    /// A promise: so many breaches were found, and none may be.
    pub fn none(&mut self, what: &str, found: usize, more: Value) {
        self.say("promise", what, found == 0, json!({ "figure": found, "unit": "breaches", "target": 0 }), more);
    }

    /// A promise that a figure keeps within a limit.
    pub fn at_most(&mut self, what: &str, figure: f64, target: f64, more: Value) {
        self.say("promise", what, figure <= target, json!({ "figure": short(figure), "target": target }), more);
    }

    /// A variant that breaks the promise, and whether the same judge saw it.
    pub fn control(&mut self, what: &str, caught: usize, more: Value) {
        self.say("control", what, caught > 0, json!({ "figure": caught, "unit": "breaches", "target": "at least 1" }), more);
    }

    /// A time or a rate; decides in the full form only.
    pub fn time(&mut self, what: &str, figure: f64, target: f64, is_at_least: bool, more: Value) {
        let is_kept = if is_at_least { figure >= target } else { figure <= target };
        let said = if is_at_least {
            json!({ "figure": short(figure), "at_least": target })
        } else {
            json!({ "figure": short(figure), "target": target })
        };
        self.say("time", what, is_kept, said, more);
    }

    /// The 95th of a hundred, in milliseconds.
    pub fn p95(&mut self, what: &str, took_ms: &mut [f64], target: f64) {
        let spread = short(middle(took_ms).1);
        let figure = percentile(took_ms, 0.95);
        let more = json!({ "unit": "ms, p95", "p50": short(percentile(took_ms, 0.5)), "spread": spread, "samples": took_ms.len() });
        self.time(what, figure, target, false, more);
    }

    /// It could not be finished, so nothing is proven.
    pub fn broken_off(&mut self, error: &anyhow::Error) {
        self.say("promise", "runs to its end", false, json!({ "error": format!("{error:#}") }), json!({}));
    }

    /// Prints the sum; true when everything held.
    pub fn end(&mut self) -> bool {
        self.took();
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0
    }

    fn took(&self) {
        eprintln!("proof {}: {:.0} s", self.proof, self.began.elapsed().as_secs_f64());
    }

    fn say(&mut self, kind: &str, what: &str, is_ok: bool, figure: Value, more: Value) {
        let mut line = json!({ "proof": self.proof, "what": what, "kind": kind, "ok": is_ok, "form": self.form.of("full", "short") });
        for part in [figure, more] {
            for (name, value) in part.as_object().into_iter().flatten() {
                line[name] = value.clone();
            }
        }
        line["load"] = json!(std::fs::read_to_string("/proc/loadavg").ok().and_then(|text| text.split(' ').next()?.parse::<f64>().ok()));
        line["commit"] = json!(std::env::var("ZENCALL_BENCH_COMMIT").unwrap_or_default());
        println!("{line}");
        let decides = kind != "time" || self.form == Form::Full;
        match is_ok || !decides {
            true => self.passed += 1,
            false => self.failed += 1,
        }
    }
}
