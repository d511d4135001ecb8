//! Vapi refuses names of more than 40 characters; the long one stays with us.

use serde_json::Value;

/// What Vapi takes for names of assistants, calls, numbers and customers, in characters.
pub const LONGEST_NAME: usize = 40;

/// The name as Vapi takes it, cut between characters.
pub fn short_name(name: &str) -> &str {
    let name = name.trim();
    let end = name.char_indices().nth(LONGEST_NAME).map_or(name.len(), |(at, _)| at);
    name[..end].trim_end()
}

/// The body with every name cut. An address cannot be cut: one that is too long is left out.
pub(super) fn fitted(body: &Value) -> Value {
    let mut body = body.clone();
    cut_name(&mut body);
    if let Some(customer) = body.get_mut("customer") {
        cut_customer(customer);
    }
    if let Some(customers) = body.get_mut("customers").and_then(Value::as_array_mut) {
        customers.iter_mut().for_each(cut_customer);
    }
    for nested in ["assistant", "phoneNumber"] {
        body.get_mut(nested).into_iter().for_each(cut_name);
    }
    body
}

fn cut_name(object: &mut Value) {
    if let Some(Value::String(name)) = object.get_mut("name") {
        *name = short_name(name).to_owned();
    }
}

fn cut_customer(customer: &mut Value) {
    cut_name(customer);
    let is_too_long = |email: &Value| email.as_str().is_some_and(|email| email.chars().count() > LONGEST_NAME);
    if let Some(customer) = customer.as_object_mut()
        && customer.get("email").is_some_and(is_too_long)
    {
        customer.remove("email");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_short_name_is_a_prefix_that_fits(name in "\\PC{0,80}") {
            let short = short_name(&name);
            prop_assert!(short.chars().count() <= LONGEST_NAME);
            prop_assert!(name.trim().starts_with(short));
        }
    }

    #[test]
    fn accents_count_once() {
        assert_eq!(short_name(&"é".repeat(41)), "é".repeat(40));
        assert_eq!(short_name("Cabinet Nord"), "Cabinet Nord");
    }
}
