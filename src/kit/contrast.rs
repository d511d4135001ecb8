//! The promise of the tokens, kept by a test: every text colour can be read on every ground it stands on, in both themes (WCAG 2 AA).

const TOKENS: &str = include_str!("../../style/tokens.css");

/// Lightness, chroma, hue of a token, light and dark.
fn token(name: &str) -> [[f64; 3]; 2] {
    let text = TOKENS.split(&format!("--{name}:")).nth(1).unwrap_or_else(|| panic!("no token {name}"));
    let text = text.split(';').next().unwrap_or_default();
    let colours: Vec<[f64; 3]> = text
        .split("oklch(")
        .skip(1)
        .map(|colour| {
            let mut parts = colour.split([' ', ')', ',']).filter_map(|part| part.parse().ok());
            [(); 3].map(|()| parts.next().unwrap_or_else(|| panic!("{name} is not plain oklch: {text}")))
        })
        .collect();
    colours.try_into().unwrap_or_else(|_| panic!("{name} is not a pair: {text}"))
}

/// Relative luminance. Source: the OKLab definition (Ottosson) and WCAG 2.2.
fn luminance([lightness, chroma, hue]: [f64; 3]) -> f64 {
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let cube = |x: f64| x * x * x;
    let l = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let m = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let s = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
    let red = 4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s;
    let green = -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s;
    let blue = -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s;
    0.2126 * red.clamp(0.0, 1.0) + 0.7152 * green.clamp(0.0, 1.0) + 0.0722 * blue.clamp(0.0, 1.0)
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_text_can_be_read_on_its_ground() {
    let grounds = ["bg", "surface", "raised", "hover", "select", "sunken"];
    let mut pairs: Vec<(String, String)> = Vec::new();
    for ink in ["ink", "ink-2", "ink-3"] {
        pairs.extend(grounds.iter().map(|ground| (ink.to_owned(), (*ground).to_owned())));
    }
    for tone in ["ok", "warn", "danger", "info", "ai"] {
        for ground in [&format!("{tone}-soft"), "surface", "bg"] {
            pairs.push((format!("{tone}-ink"), ground.to_owned()));
        }
        pairs.push(("ink-2".to_owned(), format!("{tone}-soft")));
    }
    pairs.push(("on-inverse".to_owned(), "inverse".to_owned()));
    for (ink, ground) in pairs {
        for (theme, (ink_colour, ground_colour)) in ["light", "dark"].iter().zip(token(&ink).into_iter().zip(token(&ground))) {
            let ratio = contrast(ink_colour, ground_colour);
            assert!(ratio >= 4.5, "--{ink} on --{ground}, {theme}: {ratio:.2}");
        }
    }
}

#[test]
fn edges_of_controls_and_the_focus_are_seen() {
    for edge in ["line-strong", "focus", "ok", "warn", "danger", "info", "ai"] {
        for (edge_colour, surface) in token(edge).into_iter().zip(token("surface")) {
            assert!(contrast(edge_colour, surface) >= 3.0, "--{edge}: {:.2}", contrast(edge_colour, surface));
        }
    }
}
