//! A tool of the organisation's own: an address that is asked while the caller waits.

use super::model::BUILT_IN;
use crate::shared::{
    error::{AppError, FieldErrors},
    ids::ToolId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A caller waits, and the provider for twenty seconds at most.
pub const LONGEST_S: i32 = 10;
/// More arguments than a model fills well.
pub const MOST_ARGUMENTS: usize = 6;

text_enum! {
    /// What an argument is.
    Kind { Text = "text", Whole = "whole", Number = "number", YesNo = "yes_no" }
}

text_enum! {
    /// How the address is asked: arguments stand in the address, or come as JSON.
    Method { Get = "GET", Post = "POST" }
}

/// Something the model fills in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    pub name: String,
    pub kind: Kind,
    pub description: String,
    pub is_required: bool,
}

/// The tool, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpTool {
    pub id: ToolId,
    /// As the model calls it.
    pub name: String,
    /// When to use it, for the model.
    pub description: String,
    pub arguments: Vec<Argument>,
    pub url: String,
    pub method: Method,
    /// Empty: none.
    pub header_name: String,
    /// The header has a value; it is never shown.
    pub has_secret: bool,
    pub deadline_s: i32,
}

impl HttpTool {
    /// What the provider is told of it.
    pub fn function(&self) -> Value {
        let mut properties = Map::new();
        for argument in &self.arguments {
            let kind = match argument.kind {
                Kind::Text => "string",
                Kind::Whole => "integer",
                Kind::Number => "number",
                Kind::YesNo => "boolean",
            };
            properties.insert(argument.name.clone(), json!({ "type": kind, "description": argument.description }));
        }
        let required: Vec<&str> =
            self.arguments.iter().filter(|argument| argument.is_required).map(|argument| argument.name.as_str()).collect();
        let parameters = json!({ "type": "object", "properties": properties, "required": required });
        json!({ "type": "function", "function": { "name": self.name, "description": self.description, "parameters": parameters } })
    }

    /// The arguments that the tool knows, each as what it is; models write numbers as texts. Errors: the first that is missing or something else.
    pub fn take(&self, given: &Value) -> Result<Map<String, Value>, String> {
        let mut taken = Map::new();
        for argument in &self.arguments {
            let found =
                given.get(&argument.name).filter(|value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty()));
            match (found.map(|value| argument.kind.read(value)), argument.is_required) {
                (Some(Some(value)), _) => drop(taken.insert(argument.name.clone(), value)),
                (Some(None), _) => return Err(format!("the argument {} is not of the right kind", argument.name)),
                (None, true) => return Err(format!("the argument {} is missing", argument.name)),
                (None, false) => {}
            }
        }
        Ok(taken)
    }
}

impl Kind {
    fn read(self, value: &Value) -> Option<Value> {
        let text = value.as_str().map(str::trim);
        match self {
            Self::Text => match value {
                Value::String(text) => Some(text.chars().take(2000).collect::<String>().into()),
                Value::Number(_) | Value::Bool(_) => Some(value.to_string().into()),
                _ => None,
            },
            Self::Whole => value.as_i64().or_else(|| text?.parse().ok()).map(Value::from),
            Self::Number => {
                value.as_f64().or_else(|| text?.replace(',', ".").parse().ok()).filter(|number| number.is_finite()).map(Value::from)
            }
            Self::YesNo => value.as_bool().or_else(|| text?.parse().ok()).map(Value::from),
        }
    }
}

/// An argument's row of the form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArgumentForm {
    pub name: String,
    pub kind: String,
    pub description: String,
    pub required: Option<String>,
}

/// What the tool's form sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpToolForm {
    pub name: String,
    pub description: String,
    pub url: String,
    pub method: String,
    pub header_name: String,
    /// Empty: what is kept stays.
    pub header_value: String,
    pub deadline_s: String,
    pub arguments: Vec<ArgumentForm>,
}

impl HttpToolForm {
    /// The form that says this.
    pub fn of(tool: &HttpTool) -> Self {
        let argument = |argument: &Argument| ArgumentForm {
            name: argument.name.clone(),
            kind: argument.kind.to_string(),
            description: argument.description.clone(),
            required: argument.is_required.then(|| "on".into()),
        };
        Self {
            name: tool.name.clone(),
            description: tool.description.clone(),
            url: tool.url.clone(),
            method: tool.method.to_string(),
            header_name: tool.header_name.clone(),
            header_value: String::new(),
            deadline_s: tool.deadline_s.to_string(),
            arguments: tool.arguments.iter().map(argument).collect(),
        }
    }

    /// Reads the form: the tool, and its header's new value if one was typed. The address is judged by the server.
    pub fn parse(&self, id: ToolId) -> Result<(HttpTool, Option<String>), AppError> {
        let mut wrong = FieldErrors::default();
        let name = self.name.trim();
        if !is_name(name) || BUILT_IN.contains(&name) || name == "transferCall" || name == "endCall" {
            wrong.add("name", "reception.tool_name");
        }
        let description: String = self.description.trim().chars().take(600).collect();
        if description.chars().count() < 5 {
            wrong.add("description", "reception.tool_description");
        }
        let method = self.method.parse::<Method>();
        if method.is_err() {
            wrong.add("method", "reception.choose");
        }
        let header_name = self.header_name.trim();
        let is_header = |text: &str| text.len() <= 60 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        const OURS: [&str; 5] = ["host", "content-length", "content-type", "transfer-encoding", "connection"];
        if !is_header(header_name) || OURS.contains(&header_name.to_ascii_lowercase().as_str()) {
            wrong.add("header_name", "reception.header_name");
        }
        let value = Some(self.header_value.trim()).filter(|value| !value.is_empty());
        if value
            .is_some_and(|value| value.len() > 2000 || header_name.is_empty() || !value.bytes().all(|byte| (0x20..0x7f).contains(&byte)))
        {
            wrong.add("header_value", "reception.header_value");
        }
        let deadline_s = self.deadline_s.trim().parse().ok().filter(|seconds| (1..=LONGEST_S).contains(seconds));
        if deadline_s.is_none() {
            wrong.add("deadline_s", "reception.deadline");
        }
        let arguments = self.arguments(&mut wrong);
        match (method, deadline_s) {
            (Ok(method), Some(deadline_s)) if wrong.is_empty() => {
                let tool = HttpTool {
                    id,
                    name: name.to_owned(),
                    description,
                    arguments,
                    url: self.url.trim().to_owned(),
                    method,
                    header_name: header_name.to_owned(),
                    has_secret: value.is_some(),
                    deadline_s,
                };
                Ok((tool, value.map(str::to_owned)))
            }
            _ => Err(wrong.into()),
        }
    }

    fn arguments(&self, wrong: &mut FieldErrors) -> Vec<Argument> {
        let mut found: Vec<Argument> = Vec::new();
        for row in self.arguments.iter().filter(|row| !row.name.trim().is_empty()).take(MOST_ARGUMENTS) {
            let name = row.name.trim();
            let Ok(kind) = row.kind.parse() else {
                wrong.add("arguments", "reception.argument_name");
                continue;
            };
            if !is_name(name) || found.iter().any(|known| known.name == name) {
                wrong.add("arguments", "reception.argument_name");
            }
            let description = row.description.trim().chars().take(300).collect();
            found.push(Argument { name: name.to_owned(), kind, description, is_required: row.required.is_some() });
        }
        found
    }
}

fn is_name(name: &str) -> bool {
    (2..=48).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_lowercase())
}

/// What was sent in a dry run, and what came back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DryRun {
    /// `POST https://…`
    pub line: String,
    /// Name and value; secrets are dots.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Absent when there was no answer.
    pub status: Option<u16>,
    pub took_ms: i64,
    /// The beginning of the answer, or why there was none.
    pub answer: String,
    /// What the assistant would be told.
    pub told: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> HttpToolForm {
        let argument = |name: &str, kind: &str, required: bool| ArgumentForm {
            name: name.into(),
            kind: kind.into(),
            description: "x".into(),
            required: required.then(|| "on".into()),
        };
        HttpToolForm {
            name: "order_status".into(),
            description: "Où en est une commande".into(),
            url: "https://shop.example/orders".into(),
            method: "POST".into(),
            header_name: "X-Key".into(),
            header_value: "s3cret".into(),
            deadline_s: "5".into(),
            arguments: vec![argument("order", "text", true), argument("count", "whole", false), argument("", "text", false)],
        }
    }

    #[test]
    fn a_tool_is_read_and_told_to_the_provider_as_a_schema() {
        let (tool, secret) = form().parse(ToolId(uuid::Uuid::nil())).expect("a tool");
        assert_eq!((tool.arguments.len(), secret.as_deref()), (2, Some("s3cret")));
        let told = tool.function();
        assert_eq!(told["function"]["parameters"]["properties"]["count"]["type"], "integer");
        assert_eq!(told["function"]["parameters"]["required"], json!(["order"]));
        assert!(!told.to_string().contains("s3cret"));
        let again = HttpToolForm::of(&tool).parse(tool.id).expect("a tool").0;
        assert_eq!(HttpTool { has_secret: true, ..again }, tool);
    }

    #[test]
    fn each_wrong_field_is_named() {
        let wrong = HttpToolForm {
            name: "take_message".into(),
            description: "x".into(),
            method: "DELETE".into(),
            header_name: "Host".into(),
            header_value: "a\nb".into(),
            deadline_s: "11".into(),
            arguments: vec![ArgumentForm { name: "Bad Name".into(), kind: "text".into(), ..ArgumentForm::default() }],
            ..form()
        };
        let fields: Vec<String> = wrong.parse(ToolId(uuid::Uuid::nil())).expect_err("wrong").fields().0.into_keys().collect();
        assert_eq!(fields, ["arguments", "deadline_s", "description", "header_name", "header_value", "method", "name"]);
    }

    #[test]
    fn arguments_are_taken_as_what_they_are_and_nothing_else_is_sent() {
        let (tool, _) = form().parse(ToolId(uuid::Uuid::nil())).expect("a tool");
        let taken = tool.take(&json!({ "order": 12, "count": "3", "evil": "x" })).expect("taken");
        assert_eq!(Value::Object(taken), json!({ "order": "12", "count": 3 }));
        assert_eq!(tool.take(&json!({ "order": " " })), Err("the argument order is missing".into()));
        assert_eq!(tool.take(&json!({ "order": "a", "count": "many" })), Err("the argument count is not of the right kind".into()));
        assert!(tool.take(&json!([])).is_err());
    }
}
